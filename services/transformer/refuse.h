// The outcome of a change that the pipeline cannot get through.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/feedback_service.pb.h"
#include "google/protobuf/arena.h"
#include "services/transformer/pipeline.h"

namespace cognate::transformer {

// REJECTED (TRANSFORM_FAILED) for every target that would take the changes of `wave`. An error is the
// ledger's: then nobody would hear of the change, so it must not be taken as done.
absl::StatusOr<std::vector<v1::ReportRequest>> Refuse(const RuleSet& rules, const Wave& wave,
                                                      const Ledger& ledger, const absl::Status& why,
                                                      google::protobuf::Arena* arena);

}  // namespace cognate::transformer
