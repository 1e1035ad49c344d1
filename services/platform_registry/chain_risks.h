// What two chains between the same models make of a value that goes forth and back.
#pragma once

#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {

// Warns (CHAINS_DISAGREE) of each field that a sync the other way brings back as something else. Told by
// examples that go through both chains, so that a warning always names a value for which it is true; where an
// example is refused on its way nothing is said.
void FindChainRisks(SyncCheck& check);

}  // namespace cognate::platform_registry
