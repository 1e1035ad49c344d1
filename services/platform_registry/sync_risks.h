// What works, but may lose or refuse data when it runs, or may surprise: the warnings of a sync.
#pragma once

#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {

// `compiled` is the sync that is checked; both its models are known and its chain is right.
void FindRisks(SyncCheck& check, const v1::CompiledSync& compiled);

}  // namespace cognate::platform_registry
