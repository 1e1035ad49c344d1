#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

absl::StatusOr<v1::BatchWriteResponse> BatchWrite(Parts& parts, const v1::BatchWriteRequest& request,
                                                  const grpc_support::Rpc& rpc);
absl::StatusOr<v1::BatchReadResponse> BatchRead(Parts& parts, const v1::BatchReadRequest& request,
                                                const grpc_support::Rpc& rpc);

}  // namespace cognate::file_transfer
