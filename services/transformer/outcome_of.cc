#include "services/transformer/outcome_of.h"

#include <utility>

#include "common/value/value.h"

namespace cognate::transformer {

v1::Outcome OutcomeOf(const RoutedChange& change, int64_t version, const RecordIdentity& identity,
                      const TargetPlan& target, v1::OutcomeStatus status, v1::OutcomeError error) {
  v1::Outcome outcome;
  outcome.set_entity_id(identity.entity_id.data(), identity.entity_id.size());
  outcome.set_model(target.model);
  outcome.set_version(version);
  outcome.set_status(status);
  outcome.set_operation(change.is_delete() ? v1::OPERATION_DELETE : v1::OPERATION_UPDATE);
  *outcome.mutable_error() = std::move(error);
  outcome.mutable_source()->set_platform(change.plan->platform);
  outcome.mutable_source()->set_model(change.plan->model);
  outcome.mutable_source()->set_local_id(change.logged().local_id());
  value::SetMicros(change.logged().capture_time_us(), outcome.mutable_capture_time());
  return outcome;
}

}  // namespace cognate::transformer
