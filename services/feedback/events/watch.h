#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// The next event to tell: its batch, and its place there.
struct WatchPosition {
  int64_t sequence = 1;
  int offset = 0;
};
std::string ResumeToken(const WatchPosition& position);
absl::StatusOr<WatchPosition> ParseResumeToken(absl::string_view token);

// Until the caller goes or the server drains.
absl::Status Watch(const Parts& parts, const v1::WatchRequest& request, const grpc_support::Rpc& rpc,
                   grpc_support::Sink<v1::WatchResponse>& sink);

}  // namespace cognate::feedback
