// Which targets a change is weighed by. A target whose syncs all take only what is assigned to it is looked
// at for what is assigned to it, and for what the ledger has of it there: with many such targets all others
// would be asked for nothing, by each change.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/statusor.h"
#include "cognate/v1/ledger_service.pb.h"
#include "services/transformer/assigned.h"
#include "services/transformer/ledger.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

// Each entity once that a plan with such targets is for; empty where there is none.
v1::BatchGetReplicasRequest AskWhere(const Routed& routed, const Assigned& assigned);

class Reach {
 public:
  // Every target of each change.
  Reach() = default;
  // By the answer to AskWhere, which is as old as `assigned` or newer. INTERNAL if it cannot be read.
  static absl::StatusOr<Reach> Read(const Routed& routed, const Assigned& assigned,
                                    const v1::BatchGetReplicasResponse& response);

  // In the order of the plan's targets.
  std::vector<const TargetPlan*> TargetsOf(const Routed& routed, size_t change) const;
  // The change goes there because it is assigned, and the ledger had nothing of the record there.
  bool IsFirst(size_t change, const TargetPlan& target) const;

 private:
  using Place = std::pair<std::string, std::string>;  // platform and model

  bool is_bounded_ = false;
  std::vector<std::vector<size_t>> near_;                          // as Routed.changes: of the plan's targets
  std::vector<const std::vector<Place>*> there_;                   // as Routed.changes; null: nothing
  absl::node_hash_map<std::string, std::vector<Place>> replicas_;  // by entity; pointed to
};

// Asks both questions, as far as the ledger takes them. An error is the ledger's.
absl::Status FindReach(const Routed& routed, bool make, const Ledger& ledger, Assigned* assigned,
                       Reach* reach);

}  // namespace cognate::transformer
