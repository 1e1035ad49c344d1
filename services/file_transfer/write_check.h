// What the messages of an upload may say.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/file_transfer/parts.h"
#include "services/file_transfer/upload_store.h"

namespace cognate::file_transfer {

inline constexpr int64_t kLongestPiece = 4 << 20;

// Whether a platform's key calls; operators and services are not bound by what a platform has.
inline bool IsOfPlatform(const grpc_support::Rpc& rpc) { return rpc.principal().role() == v1::ROLE_PLATFORM; }
// The platform whose key calls; empty where it is nobody's.
inline std::string KeyPlatform(const grpc_support::Rpc& rpc) {
  return IsOfPlatform(rpc) ? rpc.principal().platform() : "";
}

// The platform that a request is for, which it names by its id or its name. PLATFORM_NOT_FOUND, or the error
// of a key that is another one's.
absl::StatusOr<std::string> PlatformOf(const Parts& parts, const grpc_support::Rpc& rpc,
                                       absl::string_view named);

// INVALID_FIELD, as all that follows.
absl::Status CheckUploadName(absl::string_view name);
absl::Status CheckSha256(absl::string_view field, absl::string_view sha256);
// What the first message says but for its platform; its partial is a new one.
absl::StatusOr<Upload> UploadOf(const v1::WriteRequest& first);
// Whether a later call says the same of the content as those before it.
absl::Status CheckSame(const Upload& known, const Upload& said);
// The first message of a call may have none.
absl::Status CheckPiece(const v1::WriteRequest& message, bool is_first);

}  // namespace cognate::file_transfer
