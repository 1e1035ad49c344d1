// Whether the two ways between two models decide alike where edits meet.
#pragma once

#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {

// Warns of each way back that does not want of a field what this sync wants of it; both models are known.
void FindConflictRisks(SyncCheck& check);

}  // namespace cognate::platform_registry
