#include "services/change_capture/postgres_source/postgres_source.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/postgres/sqlstate.h"
#include "common/secret/secret.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/change_capture/postgres_source/publication.h"
#include "services/change_capture/postgres_source/session.h"

namespace cognate::change_capture {

bool SamePlan(const SourcePlan& a, const SourcePlan& b) {
  return a.models == b.models && a.database.SerializeAsString() == b.database.SerializeAsString();
}

std::string ExplainFault(const absl::Status& status) {
  const std::string words = postgres::ServerMessage(status);
  if (words.empty()) return std::string(status.message());
  const std::string state = postgres::SqlState(status);
  const auto explain = [&](absl::string_view sentence) { return absl::StrCat(sentence, " (", words, ")"); };
  if (absl::StrContains(words, "start walsender") || absl::StrContains(words, "start WAL sender") ||
      absl::StrContains(words, "use replication slots")) {
    return explain("the login has no REPLICATION right: run ALTER ROLE … REPLICATION for it");
  }
  if (absl::StrContains(words, "max_wal_senders")) {
    return explain("the server has no replication connection left: raise max_wal_senders and restart it");
  }
  if (state == "53400") {
    return explain(
        "every replication slot is in use: raise max_replication_slots and restart the server, or drop a "
        "slot "
        "that nobody needs");
  }
  if (absl::StrContains(words, "pg_hba.conf")) {
    return explain("the server does not let this login in from here: add a line to its pg_hba.conf");
  }
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return explain("the database refuses the login: check user and password");
    case absl::StatusCode::kUnavailable:
      return explain("the database cannot be reached: check that it runs, and its URI");
    case absl::StatusCode::kPermissionDenied:
      return explain("the login lacks a right in the database");
    default:
      return explain(status.message());
  }
}

PostgresSource::PostgresSource(std::string platform, const SourceEnvironment& environment, SourceStore& store,
                               const PostgresSourceMetrics& metrics, const PostgresSourceOptions& options,
                               SourcePlan plan)
    : context_{platform,
               SlotName(platform),
               environment,
               store,
               options,
               metrics,
               std::make_shared<postgres::Interrupt>(),
               [] { return false; },
               [this] {
                 MutexLock lock(&mutex_);
                 return replanned_;
               },
               {},
               {},
               false,
               {}},
      backoff_(options.backoff),
      plan_(std::move(plan)) {}

PostgresSource::~PostgresSource() { Stop(); }

void PostgresSource::Start() {
  worker_ = std::make_unique<Worker>(context_.slot, [this](StopToken& stop) { Run(stop); });
}

void PostgresSource::RequestStop() {
  if (worker_ != nullptr) worker_->RequestStop();
  context_.interrupt->Signal();
}

void PostgresSource::Stop() {
  RequestStop();
  if (worker_ != nullptr) worker_->Stop();
}

void PostgresSource::SetPlan(SourcePlan plan) {
  {
    MutexLock lock(&mutex_);
    if (SamePlan(plan, plan_)) return;
    plan_ = std::move(plan);
    replanned_ = true;
    retired_ = false;
  }
  context_.interrupt->Signal();
  if (worker_ != nullptr) worker_->Wake();
}

SourcePlan PostgresSource::plan() const {
  MutexLock lock(&mutex_);
  return plan_;
}

bool PostgresSource::retired() const {
  MutexLock lock(&mutex_);
  return retired_;
}

SourcePlan PostgresSource::TakePlan() {
  MutexLock lock(&mutex_);
  replanned_ = false;
  return plan_;
}

void PostgresSource::Run(StopToken& stop) {
  context_.stopping = [&stop] { return stop.stopping(); };
  while (!stop.stopping()) {
    const SourcePlan plan = TakePlan();
    const absl::Status status = plan.models.empty() ? Retire(plan) : Capture(plan);
    if (stop.stopping()) return;
    if (status.ok() && plan.models.empty()) {
      while (!context_.replanned() && !stop.WaitFor(absl::InfiniteDuration())) continue;
    } else if (!status.ok() && !context_.replanned()) {
      ReportFault(status);
      // That has been waited for already.
      if (ErrorReason(status) != "SOURCE_BUSY") stop.WaitFor(backoff_.Next());
    }
  }
}

absl::Status PostgresSource::Capture(SourcePlan plan) {
  ASSIGN_OR_RETURN(std::string uri, secret::ConnectionUri(plan.database));
  ASSIGN_OR_RETURN(const std::unique_ptr<PostgresSourceSession> session,
                   PostgresSourceSession::Open(context_, std::move(uri)));
  owner_ = session->owner();
  while (true) {
    RETURN_IF_ERROR(session->Prepare(plan.models));
    RETURN_IF_ERROR(session->TakeSnapshots());
    backoff_.Reset();
    fault_.clear();
    RETURN_IF_ERROR(session->Follow());
    if (!context_.replanned()) continue;
    const SourcePlan next = TakePlan();
    const bool same_database = next.database.SerializeAsString() == plan.database.SerializeAsString();
    if (!same_database || next.models.empty()) {
      MutexLock lock(&mutex_);
      replanned_ = true;
      return absl::OkStatus();
    }
    plan = next;
  }
}

absl::Status PostgresSource::Retire(const SourcePlan& plan) {
  ASSIGN_OR_RETURN(std::string uri, secret::ConnectionUri(plan.database));
  ASSIGN_OR_RETURN(const std::unique_ptr<PostgresSourceSession> session,
                   PostgresSourceSession::Open(context_, std::move(uri)));
  owner_ = session->owner();
  RETURN_IF_ERROR(session->Retire());
  context_.metrics.lag_bytes.Set(0);
  log::Info("source retired", {{"platform", context_.platform}, {"slot", context_.slot}});
  MutexLock lock(&mutex_);
  retired_ = !replanned_;
  return absl::OkStatus();
}

void PostgresSource::ReportFault(const absl::Status& status) {
  if (ErrorReason(status) == "SOURCE_BUSY") {
    context_.metrics.health.Clear();
  } else {
    context_.metrics.health.Set(metrics::kFailing);
  }
  const std::string fault = ExplainFault(status);
  if (fault != fault_) log::Warn("source failing", {{"platform", context_.platform}, {"why", fault}});
  fault_ = fault;
  const absl::Status reported =
      context_.store.Report(context_.platform, owner_, v1::SOURCE_STATE_FAILING, fault,
                            static_cast<int64_t>(context_.metrics.lag_bytes.Value()), context_.Now());
  if (!reported.ok())
    log::Warn("source state not saved", {{"platform", context_.platform}, {"status", reported}});
}

}  // namespace cognate::change_capture
