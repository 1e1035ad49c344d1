// Which troubles a person means.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/feedback_service.pb.h"
#include "services/feedback/peers_client.h"

namespace cognate::feedback {

// All that is set holds for each of them.
struct TroubleCriteria {
  std::string platform;
  v1::ReplicaState state = v1::REPLICA_STATE_UNSPECIFIED;
  std::string reason;
  std::string model;
  std::string acting_identity;
  v1::RecordKey source;
  absl::Time since = absl::InfinitePast();
  absl::Time before = absl::InfiniteFuture();
  bool at_rest = false;  // Without those whose replay has not been answered.
};

// Of a request's `filter`. A sync becomes the models that it goes between. INVALID_ARGUMENT INVALID_FIELD,
// NOT_FOUND SYNC_NOT_FOUND.
absl::StatusOr<TroubleCriteria> CriteriaOf(Peers& peers, const v1::TroubleFilter& filter,
                                           const CallContext& context);

// The filter of requests that name some of it twice, as older callers do; INVALID_FIELD where the two differ.
absl::StatusOr<v1::TroubleFilter> FilterOf(const v1::ListTroublesRequest& request);
absl::StatusOr<v1::TroubleFilter> FilterOf(const v1::RedriveRequest& request);

}  // namespace cognate::feedback
