#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/feedback_service.pb.h"
#include "cognate/v1/ledger_service.pb.h"
#include "common/ids/uuid.h"

namespace cognate::feedback {

// A report's outcomes by what is to be done with them. Of several for one replica the newest counts, among
// those that settle and among those that fail; a failure that is not newer than what settled is dropped.
// Views into the request.
struct SortedOutcomes {
  v1::SettleRequest settle;                 // All that settle, one group for each model.
  std::vector<const v1::Outcome*> settled;  // APPLIED and SKIPPED.
  std::vector<Uuid> settled_entities;       // Entry i of these three belongs to settled[i].
  std::vector<absl::string_view> settled_models;
  std::vector<int64_t> settled_versions;
  std::vector<Uuid> present_entities;  // The target has these now.
  std::vector<absl::string_view> present_models;
  std::vector<absl::string_view> identities;  // Whose login was taken: something was written in their name.
  std::vector<const v1::Outcome*> troubled;   // All others, in the order of their keys.
};

// INVALID_ARGUMENT INVALID_FIELD for what does not fit the contract.
absl::StatusOr<SortedOutcomes> SortOutcomes(const v1::ReportRequest& request);

}  // namespace cognate::feedback
