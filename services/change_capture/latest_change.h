#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/change_capture/change_log.h"

namespace cognate::change_capture {

absl::StatusOr<v1::GetLatestChangeResponse> GetLatestChange(ChangeLog& log,
                                                            const v1::GetLatestChangeRequest& request);

}  // namespace cognate::change_capture
