// The RPCs that show troubles and bring them back.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/feedback_service.pb.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

absl::StatusOr<v1::ListTroublesResponse> ListTroubles(const Parts& parts,
                                                      const v1::ListTroublesRequest& request);
absl::StatusOr<v1::RedriveResponse> Redrive(const Parts& parts, const v1::RedriveRequest& request);

}  // namespace cognate::feedback
