#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace cognate::grpc_support {

// The one place where absl::Status becomes a gRPC status. Payloads under "type.googleapis.com/…" become
// details of a google.rpc.Status. A status without ErrorInfo gets one whose reason is the name of its code,
// so that every error has exactly one. Kept below the 8 KiB that gRPC peers accept in trailers: a long
// message is cut, and of many field violations the first stay and ErrorInfo.metadata["violations_left_out"]
// counts the rest.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The inverse: code, message and payloads of a failed call.
absl::Status FromGrpcStatus(const grpc::Status& status);

// "INVALID_ARGUMENT" and so on; the words used in metrics and logs.
const char* CodeName(absl::StatusCode code);

}  // namespace cognate::grpc_support
