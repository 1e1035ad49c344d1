#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/change_capture/capture_batch.h"

namespace cognate::change_capture {

absl::StatusOr<v1::CaptureResponse> Capture(const BatchChecker& checker, Appender& appender,
                                            const v1::CaptureRequest& request);

}  // namespace cognate::change_capture
