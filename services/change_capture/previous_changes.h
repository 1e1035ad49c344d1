// What records were before one of their changes: what `old` is in conditions and scripts.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/change_capture/change_log.h"

namespace cognate::change_capture {

absl::StatusOr<v1::ListPreviousChangesResponse> ListPreviousChanges(
    ChangeLog& log, const v1::ListPreviousChangesRequest& request);

}  // namespace cognate::change_capture
