#include "services/delivery/sql_channel/sql_channel.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/secret/secret.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/delivery/sql_channel/bisect.h"
#include "services/delivery/sql_channel/failure.h"
#include "services/delivery/sql_channel/inbox.h"

namespace cognate::delivery {
namespace {

// Statements join a batch with a table that may be large and never analysed: only the index may be used.
// Plans are the same for every batch then, so they are made once.
std::vector<std::pair<std::string, std::string>> SessionSettings() {
  return {{"enable_seqscan", "off"},
          {"enable_hashjoin", "off"},
          {"enable_mergejoin", "off"},
          {"plan_cache_mode", "force_generic_plan"},
          {"jit", "off"}};
}

constexpr int kAttempts = 4;  // of a batch that collides with other transactions

absl::StatusOr<PlannedDelivery> Prepare(const Outgoing& outgoing, ShapePlan* plan) {
  PlannedDelivery planned;
  planned.outgoing = &outgoing;
  planned.plan = plan;
  const bus::v1::Delivery& delivery = *outgoing.delivery;
  ASSIGN_OR_RETURN(planned.entity_id, Uuid::FromBytes(delivery.entity_id()));
  const bool fits = delivery.operation() == v1::OPERATION_DELETE ||
                    static_cast<size_t>(delivery.values_size()) == plan->shape().fields.size();
  if (fits && delivery.version() > 0) return planned;
  return Error(absl::StatusCode::kInvalidArgument, "MALFORMED_DELIVERY",
               absl::StrCat("got ", delivery.values_size(), " values for ", plan->shape().fields.size(),
                            " fields, version ", delivery.version()));
}

const std::string& ActingIdentity(const PlannedDelivery& planned) {
  return planned.outgoing->delivery->acting_identity();
}

bool HaveRules(absl::Span<const PlannedDelivery> deliveries) {
  return std::any_of(deliveries.begin(), deliveries.end(),
                     [](const PlannedDelivery& planned) { return planned.plan->shape().rules.any(); });
}

void SetFailed(const absl::Status& status, v1::Outcome* outcome) {
  outcome->set_status(v1::OUTCOME_STATUS_FAILED);
  outcome->mutable_error()->set_reason(ErrorReason(status));
  outcome->mutable_error()->set_message(std::string(status.message()));
}

}  // namespace

absl::Status SqlChannel::Open() {
  SetConnection(nullptr);
  shapes_.Clear();
  postgres::ConnectionOptions options;
  ASSIGN_OR_RETURN(options.uri, secret::ConnectionUri(database_));
  options.application_name = "cognate-delivery";
  options.connect_timeout = options_.connect_timeout;
  options.statement_timeout = options_.statement_timeout;
  options.lock_timeout = options_.lock_timeout;
  options.settings = SessionSettings();
  ASSIGN_OR_RETURN(std::unique_ptr<postgres::Connection> connection, postgres::Connection::Open(options));
  SetConnection(std::move(connection));
  return EnsureInbox(*connection_);
}

void SqlChannel::SetConnection(std::unique_ptr<postgres::Connection> connection) {
  MutexLock lock(&mutex_);
  connection_.swap(connection);  // the old one ends here too
}

void SqlChannel::Interrupt() {
  MutexLock lock(&mutex_);
  if (connection_ != nullptr) connection_->Abort();
}

absl::StatusOr<std::vector<v1::Outcome>> SqlChannel::Apply(absl::Span<const Outgoing> deliveries) {
  if (connection_ == nullptr) return absl::UnavailableError("not connected");
  std::vector<v1::Outcome> outcomes;
  RETURN_IF_ERROR(shapes_.Trim(*connection_));
  for (int pass = 0;; ++pass) {
    outcomes.assign(deliveries.size(), v1::Outcome());
    for (size_t i = 0; i < deliveries.size(); ++i) {
      const bus::v1::Delivery& delivery = *deliveries[i].delivery;
      outcomes[i].set_entity_id(delivery.entity_id());
      outcomes[i].set_model(deliveries[i].group->model());
      outcomes[i].set_version(delivery.version());
      outcomes[i].set_operation(delivery.operation());
    }
    Models changed;
    RETURN_IF_ERROR(Plan(deliveries, &outcomes, &changed));
    RETURN_IF_ERROR(Write(&outcomes, &changed));
    // Tables may have changed since they were read: once more from the beginning, with those forgotten. What
    // was written already answers from the inbox.
    if (changed.empty() || pass > 0) return outcomes;
    ASSIGN_OR_RETURN(const bool again, Forget(changed));
    if (!again) return outcomes;
  }
}

absl::StatusOr<bool> SqlChannel::Forget(const Models& changed) {
  bool forgotten = false;
  for (const auto& [model, doubt] : changed) {
    ASSIGN_OR_RETURN(const bool done, shapes_.Forget(*connection_, model, doubt));
    forgotten |= done;
  }
  return forgotten;
}

absl::Status SqlChannel::Plan(absl::Span<const Outgoing> deliveries, std::vector<v1::Outcome>* outcomes,
                              Models* changed) {
  planned_.clear();
  std::map<const bus::v1::DeliveryGroup*, absl::StatusOr<ShapePlan*>> plans;
  for (size_t i = 0; i < deliveries.size(); ++i) {
    const bus::v1::DeliveryGroup* group = deliveries[i].group;
    auto found = plans.find(group);
    if (found == plans.end()) {
      found = plans.emplace(group, shapes_.For(*connection_, *group)).first;
      const absl::Status& status = found->second.status();
      if (!status.ok() && KindOf(status) == FailureKind::kTarget) return status;
      if (status.code() == absl::StatusCode::kFailedPrecondition)
        (*changed)[group->model()] = Doubt::kSchemaChanged;
    }
    absl::StatusOr<PlannedDelivery> planned = found->second.ok()
                                                  ? Prepare(deliveries[i], *found->second)
                                                  : absl::StatusOr<PlannedDelivery>(found->second.status());
    if (!planned.ok()) {
      SetFailed(planned.status(), &(*outcomes)[i]);
      continue;
    }
    planned->position = i;
    planned_.push_back(*planned);
  }
  // One shape beside the other, so that a shape that is wrong can be cut off whole.
  std::stable_sort(planned_.begin(), planned_.end(), [](const PlannedDelivery& a, const PlannedDelivery& b) {
    const int order = a.plan->number() - b.plan->number();
    return order != 0 ? order < 0 : ActingIdentity(a) < ActingIdentity(b);
  });
  applied_.assign(planned_.size(), Applied());
  return absl::OkStatus();
}

absl::Status SqlChannel::Attempt(size_t begin, size_t end, absl::Duration lock_timeout) {
  // What two records with the same natural key meet is only seen together, or behind the commit of the first.
  size_t same = begin + 1;
  while (same < end && ActingIdentity(planned_[same]) == ActingIdentity(planned_[begin])) ++same;
  if (same < end && HaveRules(absl::MakeConstSpan(planned_).subspan(begin, end - begin))) {
    RETURN_IF_ERROR(Attempt(begin, same, lock_timeout));
    return Attempt(same, end, lock_timeout);
  }
  SqlBatch batch(*connection_, options_.announces_writes, options_.adopt);
  std::vector<Applied> applied;
  absl::Status status;
  const auto planned = absl::MakeConstSpan(planned_).subspan(begin, end - begin);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    status = batch.Run(planned, lock_timeout, &applied);
    if (status.ok()) break;
    // Another writer was quicker than what was looked up; now its record is seen.
    const bool looks_again = attempt < 2 && IsUniqueViolation(status) && HaveRules(planned);
    if (KindOf(status) != FailureKind::kCollision && !looks_again) break;
  }
  RETURN_IF_ERROR(status);
  std::move(applied.begin(), applied.end(), applied_.begin() + static_cast<std::ptrdiff_t>(begin));
  return absl::OkStatus();
}

size_t SqlChannel::Split(size_t begin, size_t end, const absl::Status& status) const {
  // Records of one shape fail alike when it is the shape that is wrong.
  if (KindOf(status) == FailureKind::kSchema) {
    for (size_t i = begin + 1; i < end; ++i) {
      if (planned_[i].plan != planned_[begin].plan) return i;
    }
    return end;
  }
  return begin + (end - begin) / 2;
}

absl::Status SqlChannel::Write(std::vector<v1::Outcome>* outcomes, Models* changed) {
  std::vector<bool> failed(planned_.size(), false);
  bool isolating = false;
  const auto attempt = [&](size_t begin, size_t end) {
    return Attempt(begin, end,
                   std::exchange(isolating, true) ? options_.isolating_lock_timeout : absl::ZeroDuration());
  };
  const auto hopeless = [](const absl::Status& status) { return KindOf(status) == FailureKind::kTarget; };
  const auto fail = [&](size_t begin, size_t end, const absl::Status& status) {
    const std::string& model = planned_[begin].plan->shape().table->model;
    if (KindOf(status) == FailureKind::kSchema) (*changed)[model] = Doubt::kSchemaChanged;
    // A unique index may be newer than what is remembered of the table.
    const bool may_be_ruled = IsUniqueViolation(status) && planned_[begin].plan->shape().rules.any();
    if (IsValueRefused(status) || may_be_ruled) changed->try_emplace(model, Doubt::kValueRefused);
    for (size_t i = begin; i < end; ++i) {
      failed[i] = true;
      ExplainFailure(*connection_, planned_[i].plan->shape(), *planned_[i].outgoing, status,
                     &(*outcomes)[planned_[i].position]);
    }
  };
  const auto split = [&](size_t begin, size_t end, const absl::Status& status) {
    return Split(begin, end, status);
  };
  RETURN_IF_ERROR(Bisect(0, planned_.size(), {attempt, hopeless, fail, split}));
  for (size_t i = 0; i < planned_.size(); ++i) {
    if (!failed[i]) SetApplied(planned_[i], applied_[i], &(*outcomes)[planned_[i].position]);
  }
  return absl::OkStatus();
}

void SqlChannel::SetApplied(const PlannedDelivery& planned, const Applied& applied, v1::Outcome* outcome) {
  const Verdict* const verdict = applied.verdict.get();
  if (verdict != nullptr && verdict->status != v1::OUTCOME_STATUS_UNSPECIFIED) {
    outcome->set_status(verdict->status);
    *outcome->mutable_error() = verdict->error;
    if (verdict->status == v1::OUTCOME_STATUS_SKIPPED) outcome->set_local_id(applied.local_id);
    return;
  }
  const int64_t delivered = planned.outgoing->delivery->version();
  // A newer version that is incomplete has said so itself; about this one it says that it is past.
  const bool past = applied.version > delivered && !applied.complete;
  outcome->set_status(applied.complete || past ? v1::OUTCOME_STATUS_APPLIED : v1::OUTCOME_STATUS_INCOMPLETE);
  outcome->set_version(past ? delivered : applied.version);
  outcome->set_local_id(applied.local_id);
  outcome->set_created(applied.created);
  // A newer version than the delivered one says itself what it was.
  outcome->set_operation(applied.deleted ? v1::OPERATION_DELETE : v1::OPERATION_UPDATE);
  if (!applied.deleted && applied.complete && applied.version == delivered) {
    outcome->set_fingerprint(verdict != nullptr && verdict->fingerprint
                                 ? *verdict->fingerprint
                                 : planned.plan->fingerprinter().Of(planned.outgoing->delivery->values()));
  }
}

}  // namespace cognate::delivery
