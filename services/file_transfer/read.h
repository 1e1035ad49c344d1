#pragma once

#include "absl/status/status.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

absl::Status Read(Parts& parts, const v1::ReadRequest& request, const grpc_support::Rpc& rpc,
                  grpc_support::Sink<v1::ReadResponse>& sink);

// A platform's key reads what its own records lead to, or are to. Of anything else it must not even learn
// whether it is stored: FILE_NOT_FOUND.
absl::Status MayRead(Parts& parts, const v1::Principal& principal, absl::string_view sha256);

}  // namespace cognate::file_transfer
