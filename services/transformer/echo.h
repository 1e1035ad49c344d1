// Which changes are nothing but what a delivery wrote to their platform.
#pragma once

#include <string>
#include <vector>

#include "services/transformer/resolve.h"
#include "services/transformer/route.h"
#include "services/transformer/transform.h"

namespace cognate::transformer {

// Marks echoes, and gives them the version that they are of where it can come back: whether anything is due
// for it, the ledger says, as of every version; around a ring it goes on. Some changes are known to be
// deliveries. Any other is an echo where the fields that syncs write into its record have the fingerprint of
// what the record was last known to hold, and the candidate's target looks at no other field: one that does
// may have to hear of an edit beside it. A delete is none: what it asks for is done already everywhere, and
// the ledger says so. Answers which changes are known by their content; as Routed.changes.
std::vector<bool> FindEchoes(const Routed& routed, const Resolved& resolved, Candidates* candidates);

// The fingerprint of what a record holds in the fields that a sync writes there; empty if it cannot be told.
std::string HeldFingerprint(const Routed& routed, const RoutedChange& change);

}  // namespace cognate::transformer
