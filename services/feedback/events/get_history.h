#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/event_service.pb.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

absl::StatusOr<v1::GetHistoryResponse> GetHistory(const Parts& parts, const v1::GetHistoryRequest& request);

}  // namespace cognate::feedback
