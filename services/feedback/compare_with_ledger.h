#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "services/feedback/peers_client.h"
#include "services/feedback/trouble.h"

namespace cognate::feedback {

// Troubles, by what the ledger says of their replicas.
struct Compared {
  std::vector<Trouble> still;
  // The target has that version or a newer one.
  std::vector<Trouble> settled;
  // The entity has no record anywhere: it turned out to be another one, which goes on alone. (One whose
  // records were deleted keeps their ids.)
  std::vector<Trouble> ended;
};
absl::StatusOr<Compared> CompareWithLedger(Peers& peers, absl::Span<const Trouble> troubles,
                                           const CallContext& context);

}  // namespace cognate::feedback
