#include "services/delivery/reporter.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/bus/streams.h"
#include "common/log/log.h"
#include "common/retry/backoff.h"
#include "common/status/status_macros.h"
#include "common/trace/current.h"

namespace cognate::delivery {
namespace {

constexpr BackoffPolicy kBackoff = {absl::Milliseconds(20), 2.0, absl::Seconds(1)};

}  // namespace

Reporter::Reporter(std::string platform, std::string stream, redis::Options redis, FeedbackClient& feedback,
                   health::ProgressMonitor& progress)
    : platform_(std::move(platform)),
      stream_(std::move(stream)),
      redis_options_(std::move(redis)),
      feedback_(feedback),
      progress_(progress) {}

Reporter::~Reporter() { RequestStop(); }

bool Reporter::Push(RoundReport report) {
  {
    MutexLock lock(&mutex_);
    if (stopped_) return false;
    if (worker_ == nullptr)
      worker_ = std::make_unique<Worker>(absl::StrCat("report-", platform_),
                                         [this](StopToken& stop) { Run(stop); });
  }
  under_way_.fetch_add(1, std::memory_order_acq_rel);
  return reports_.Push(std::move(report));
}

void Reporter::RequestStop() {
  reports_.Close();
  MutexLock lock(&mutex_);
  stopped_ = true;
  if (worker_ != nullptr) worker_->RequestStop();
}

bool Reporter::finished() const {
  MutexLock lock(&mutex_);
  return worker_ == nullptr ? stopped_ : worker_->finished();
}

void Reporter::Run(StopToken& stop) {
  while (!stop.stopping()) {
    const std::vector<RoundReport> reports = reports_.PopBatch(1, absl::Seconds(1));
    for (const RoundReport& report : reports) {
      Report(report, stop);
      under_way_.fetch_sub(1, std::memory_order_acq_rel);
    }
  }
}

void Reporter::Report(const RoundReport& report, StopToken& stop) {
  const trace::Scope scope(report.trace, "", "delivery");
  const bool told = !report.outcomes.outcomes().empty() || !report.outcomes.platform_events().empty();
  if (told && !Tell(report.outcomes, stop)) return;
  if (report.told) report.told(report.outcomes);
  progress_.Progress();
  if (report.entry_ids.empty()) return;
  // An entry that stayed would hold back every refill.
  Insist("lane entries not acknowledged", stop, [&] { return Acknowledge(report.entry_ids); });
}

// Feedback may refuse only what is a mistake of ours. What it does not take alone holds nothing else up: the
// ledger says that it is due, and brings it back.
bool Reporter::Tell(const v1::ReportRequest& report, StopToken& stop) {
  absl::Status refused;
  const bool answered = Insist("report not taken", stop, [&] {
    absl::Status status = feedback_.Report(report, &calls_);
    if (!absl::IsInvalidArgument(status)) return status;
    refused = std::move(status);
    return absl::OkStatus();
  });
  if (!answered || refused.ok()) return answered;
  if (report.outcomes_size() <= 1) {
    log::Error("report refused", {{"platform", platform_}, {"status", refused}});
    return true;
  }
  v1::ReportRequest halves[2] = {report, report};
  const int middle = report.outcomes_size() / 2;
  halves[0].mutable_outcomes()->DeleteSubrange(middle, report.outcomes_size() - middle);
  halves[1].mutable_outcomes()->DeleteSubrange(0, middle);
  halves[1].clear_platform_events();
  return Tell(halves[0], stop) && Tell(halves[1], stop);
}

bool Reporter::Insist(absl::string_view complaint, StopToken& stop, absl::FunctionRef<absl::Status()> call) {
  return InsistUntilStopped(stop, kBackoff, call, [&](const absl::Status& status) {
    log::Warn(complaint, {{"platform", platform_}, {"status", status}});
  });
}

absl::Status Reporter::Acknowledge(const std::vector<std::string>& entry_ids) {
  if (redis_ == nullptr) {
    ASSIGN_OR_RETURN(redis_, redis::Client::Connect(redis_options_));
  }
  return redis_->AckAndDelete(stream_, bus::kDeliveryGroup, entry_ids);
}

}  // namespace cognate::delivery
