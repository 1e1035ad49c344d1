// The RPCs that tell beforehand what changed rules would do.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/transformer_service.pb.h"
#include "services/transformer/rehearsal.h"

namespace cognate::transformer {

absl::StatusOr<v1::RehearseResponse> Rehearse(const RehearseParts& parts, const v1::RehearseRequest& request);
absl::StatusOr<v1::CountLeavingResponse> CountLeaving(const RehearseParts& parts,
                                                      const v1::CountLeavingRequest& request);

}  // namespace cognate::transformer
