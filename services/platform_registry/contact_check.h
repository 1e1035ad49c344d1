// The parts of a sync that say what is done about records and values that the target has already, and which
// records it is about by their ids.
#pragma once

#include "services/platform_registry/rules.h"
#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {

// natural_keys, if_exists, on_collision and missing_only, against the target's model.
void CheckContact(SyncCheck& check);
// sync_ids and ignore_ids.
void CheckIds(SyncCheck& check);
// What works but may surprise.
void FindContactRisks(SyncCheck& check);

}  // namespace cognate::platform_registry
