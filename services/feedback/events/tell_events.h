#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/event_service.pb.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// One transaction: what was told before is left out, the rest is one batch for each target.
absl::StatusOr<v1::TellEventsResponse> TellEvents(const Parts& parts, const v1::TellEventsRequest& request);

}  // namespace cognate::feedback
