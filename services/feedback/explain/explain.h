#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// Asks every service that had a say, and puts the answers in order. One that cannot be asked is a step that
// says so.
absl::StatusOr<v1::ExplainResponse> Explain(const Parts& parts, const v1::ExplainRequest& request,
                                            const grpc_support::Rpc& rpc);

}  // namespace cognate::feedback
