#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/change_capture/change_log.h"

namespace cognate::change_capture {

// As the log has it. FIELDS_UNREADABLE where it cannot be read.
absl::StatusOr<v1::Change> ToMessage(const LoggedState& state);

absl::StatusOr<v1::GetLatestChangeResponse> GetLatestChange(ChangeLog& log,
                                                            const v1::GetLatestChangeRequest& request);

}  // namespace cognate::change_capture
