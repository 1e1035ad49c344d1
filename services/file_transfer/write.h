#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

// `cancel` ends the call from another thread.
absl::StatusOr<v1::WriteResponse> Write(Parts& parts, const grpc_support::Rpc& rpc,
                                        grpc_support::Source<v1::WriteRequest>& messages,
                                        std::function<void()> cancel);

absl::StatusOr<v1::QueryWriteStatusResponse> QueryWriteStatus(Parts& parts,
                                                              const v1::QueryWriteStatusRequest& request,
                                                              const grpc_support::Rpc& rpc);
absl::StatusOr<v1::CancelWriteResponse> CancelWrite(Parts& parts, const v1::CancelWriteRequest& request,
                                                    const grpc_support::Rpc& rpc);

}  // namespace cognate::file_transfer
