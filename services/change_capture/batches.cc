#include "services/change_capture/batches.h"

#include "common/status/status_macros.h"

namespace cognate::change_capture {

absl::StatusOr<v1::AcknowledgeBatchesResponse> AcknowledgeBatches(
    BatchStore& batches, const v1::AcknowledgeBatchesRequest& request) {
  if (!request.batch_ids().empty()) {
    RETURN_IF_ERROR(
        batches.Acknowledge({request.batch_ids().data(), static_cast<size_t>(request.batch_ids_size())}));
  }
  return v1::AcknowledgeBatchesResponse();
}

}  // namespace cognate::change_capture
