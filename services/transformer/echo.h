// Which changes are nothing but what a delivery wrote to their platform.
#pragma once

#include <vector>

#include "services/transformer/resolve.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

// True where the fields that syncs write into the change's own record have the fingerprint of what was last
// applied there, and the candidate's target looks at no other field: one that does may have to hear of an
// edit beside the echo. As `candidates`. A delete is none: what it asks for is done already everywhere, and
// the ledger says so.
std::vector<bool> FindEchoes(const Routed& routed, const Candidates& candidates, const Resolved& resolved);

}  // namespace cognate::transformer
