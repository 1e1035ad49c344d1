#pragma once

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/event_service.pb.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// Until the caller goes or the server drains.
absl::Status Watch(const Parts& parts, const v1::WatchRequest& request, const grpc_support::Rpc& rpc,
                   grpc_support::Sink<v1::WatchResponse>& sink);

// The same for callers that come again and again. What is kept for a digest goes with each answer, so that
// the time between two calls is the interval.
using ListEventsLook =
    std::function<absl::StatusOr<std::optional<v1::ListEventsResponse>>(const grpc_support::Rpc& rpc)>;
// What RpcBoundary::Waiting asks again and again. What is given outlives it.
ListEventsLook ListEvents(const Parts& parts, const v1::ListEventsRequest& request);

}  // namespace cognate::feedback
