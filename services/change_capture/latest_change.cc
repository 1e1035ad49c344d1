#include "services/change_capture/latest_change.h"

#include <utility>

#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"

namespace cognate::change_capture {

absl::StatusOr<v1::Change> ToMessage(const LoggedState& state) {
  v1::Fields fields;
  if (!fields.ParseFromString(state.fields)) return FieldsUnreadable(state.version);
  v1::Change change;
  change.set_change_id(state.change_id);
  change.set_model(state.model->model);
  change.set_local_id(state.local_id);
  change.set_operation(state.operation);
  change.mutable_fields()->Swap(fields.mutable_fields());
  if (state.source_time) *change.mutable_source_time() = ToTimestamp(*state.source_time);
  change.set_version(state.version);
  *change.mutable_capture_time() = ToTimestamp(state.capture_time);
  return change;
}

absl::StatusOr<v1::GetLatestChangeResponse> GetLatestChange(ChangeLog& log,
                                                            const v1::GetLatestChangeRequest& request) {
  const v1::RecordKey& record = request.record();
  ASSIGN_OR_RETURN(const LoggedModel* model, log.FindModel(record.platform(), record.model()));
  std::vector<LoggedState> states;
  if (model != nullptr) {
    ASSIGN_OR_RETURN(states, log.LatestStates({{model, record.local_id()}}));
  }
  if (states.empty()) return RecordUnknown(record.platform(), record.model(), record.local_id());
  v1::GetLatestChangeResponse response;
  ASSIGN_OR_RETURN(*response.mutable_change(), ToMessage(states.front()));
  return response;
}

}  // namespace cognate::change_capture
