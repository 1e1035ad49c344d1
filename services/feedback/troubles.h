// The RPCs that show troubles, bring them back, and end them.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

absl::StatusOr<v1::ListTroublesResponse> ListTroubles(const Parts& parts,
                                                      const v1::ListTroublesRequest& request,
                                                      const grpc_support::Rpc& rpc);
absl::StatusOr<v1::GroupTroublesResponse> GroupTroubles(const Parts& parts,
                                                        const v1::GroupTroublesRequest& request,
                                                        const grpc_support::Rpc& rpc);
absl::StatusOr<v1::GetTroubleResponse> GetTrouble(const Parts& parts, const v1::GetTroubleRequest& request,
                                                  const grpc_support::Rpc& rpc);
absl::StatusOr<v1::RedriveResponse> Redrive(const Parts& parts, const v1::RedriveRequest& request,
                                            const grpc_support::Rpc& rpc);
// discard_troubles.cc
absl::StatusOr<v1::DiscardTroublesResponse> DiscardTroubles(const Parts& parts,
                                                            const v1::DiscardTroublesRequest& request,
                                                            const grpc_support::Rpc& rpc);
// release_files.cc
absl::StatusOr<v1::ReleaseResponse> Release(const Parts& parts, const v1::ReleaseRequest& request);
// retry_held.cc
absl::StatusOr<v1::RetryHeldResponse> RetryHeld(const Parts& parts, const v1::RetryHeldRequest& request,
                                                const grpc_support::Rpc& rpc);

}  // namespace cognate::feedback
