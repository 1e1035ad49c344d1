#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

absl::StatusOr<v1::GetStatsResponse> GetStats(const Parts& parts, const v1::GetStatsRequest& request,
                                              const grpc_support::Rpc& rpc);

}  // namespace cognate::feedback
