// Which changes are nothing but what a delivery wrote to their platform.
#pragma once

#include <vector>

#include "services/transformer/resolve.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

// True where the fields that syncs write into the change's own record have the fingerprint of what was last
// applied there. As Routed.changes. A delete is none: what it asks for is done already everywhere, and the
// ledger says so.
std::vector<bool> FindEchoes(const Routed& routed, const Resolved& resolved);

}  // namespace cognate::transformer
