#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

// `cancel` ends the call, from another thread.
absl::Status Read(Parts& parts, const v1::ReadRequest& request, const grpc_support::Rpc& rpc,
                  grpc_support::Sink<v1::ReadResponse>& sink, std::function<void()> cancel);

// A platform's key reads what the platform has, or is to have. Of anything else it must not even learn
// whether it is stored: FILE_NOT_FOUND.
absl::Status MayRead(Parts& parts, const v1::Principal& principal, const std::string& sha256);
// The same of many, as `sha256s`.
absl::StatusOr<std::vector<bool>> MayReadAll(Parts& parts, const v1::Principal& principal,
                                             const std::vector<std::string>& sha256s);

}  // namespace cognate::file_transfer
