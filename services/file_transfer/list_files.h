#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

absl::StatusOr<v1::GetFileResponse> GetFile(Parts& parts, const v1::GetFileRequest& request,
                                            const grpc_support::Rpc& rpc);
absl::StatusOr<v1::ListFilesResponse> ListFiles(Parts& parts, const v1::ListFilesRequest& request);

}  // namespace cognate::file_transfer
