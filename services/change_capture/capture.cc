#include "services/change_capture/capture.h"

#include <utility>

#include "common/status/status_macros.h"

namespace cognate::change_capture {

absl::StatusOr<v1::CaptureResponse> Capture(const BatchChecker& checker, Appender& appender,
                                            const v1::CaptureRequest& request) {
  RETURN_IF_ERROR(checker.CheckPlatform(request.platform()));
  ASSIGN_OR_RETURN(CheckedBatch batch,
                   checker.Check(request.platform(), request.changes(),
                                 request.has_sent_time() ? &request.sent_time() : nullptr));
  Appended appended;
  if (!batch.changes.empty()) {
    AppendGroup group;
    group.changes = std::move(batch.changes);
    ASSIGN_OR_RETURN(appended, appender.Append(std::move(group)).get());
  }
  v1::CaptureResponse response;
  response.mutable_results()->Reserve(request.changes_size());
  for (int i = 0; i < request.changes_size(); ++i) {
    v1::CaptureResult& result = *response.add_results();
    result.set_index(i);
    result.set_change_id(request.changes(i).change_id());
  }
  for (size_t i = 0; i < batch.places.size(); ++i) {
    v1::CaptureResult& result = *response.mutable_results(batch.places[i]);
    result.set_version(appended.versions[i]);
    if (appended.refused.empty() || appended.refused[i].ok()) continue;
    result = RefusedResult(result.index(), result.change_id(), appended.refused[i]);
  }
  for (const size_t i : batch.out_of_bounds) {
    v1::CaptureResult& result = *response.mutable_results(batch.places[i]);
    result.set_source_time_out_of_bounds(!result.has_error());
  }
  for (v1::CaptureResult& refused : batch.refused) {
    const int index = refused.index();
    *response.mutable_results(index) = std::move(refused);
  }
  return response;
}

}  // namespace cognate::change_capture
