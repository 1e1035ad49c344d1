#pragma once

#include <functional>

#include "absl/status/status.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/change_capture/capture_batch.h"

namespace cognate::change_capture {

// Reads batches in the calling thread and acknowledges them in another one, so that several are on their way
// to the log at once. A passing failure of the database does not end the stream: what is not written is
// written again, in its order. `cancel` breaks the stream off where the reader cannot see that it must end:
// on another failure, or when the process drains; what is not acknowledged by then the client sends again.
absl::Status CaptureStream(const BatchChecker& checker, Appender& appender, const grpc_support::Rpc& rpc,
                           grpc_support::Source<v1::CaptureStreamRequest>& requests,
                           grpc_support::Sink<v1::CaptureStreamResponse>& responses,
                           const std::function<void()>& cancel);

}  // namespace cognate::change_capture
