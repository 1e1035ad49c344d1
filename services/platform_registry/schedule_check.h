// When a sync delivers, and whether it may be a mirror.
#pragma once

#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {

void CheckSchedule(SyncCheck& check);
// Beside the other syncs between the same two models.
void CheckIntervals(SyncCheck& check);
void CheckMirror(SyncCheck& check);

}  // namespace cognate::platform_registry
