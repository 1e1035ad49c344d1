#pragma once

#include "absl/status/status.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

absl::Status Scrub(Parts& parts, const v1::ScrubRequest& request, const grpc_support::Rpc& rpc,
                   grpc_support::Sink<v1::ScrubResponse>& sink);

}  // namespace cognate::file_transfer
