#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/change_capture/batch_store.h"

namespace cognate::change_capture {

absl::StatusOr<v1::AcknowledgeBatchesResponse> AcknowledgeBatches(
    BatchStore& batches, const v1::AcknowledgeBatchesRequest& request);

}  // namespace cognate::change_capture
