#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// What is in trouble is parked and so not pending: there is nothing to leave out.
absl::StatusOr<v1::RefillResponse> Refill(const Parts& parts, const v1::RefillRequest& request,
                                          const grpc_support::Rpc& rpc);

}  // namespace cognate::feedback
