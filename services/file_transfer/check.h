#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

absl::StatusOr<v1::CheckResponse> Check(Parts& parts, const v1::CheckRequest& request,
                                        const grpc_support::Rpc& rpc);

}  // namespace cognate::file_transfer
