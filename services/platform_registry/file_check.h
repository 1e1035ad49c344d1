// What files need: of a platform, where they lie; of a sync, rules that its platforms can follow.
#pragma once

#include <vector>

#include "cognate/v1/platform.pb.h"
#include "common/status/error.h"
#include "services/platform_registry/rules.h"
#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {

// That its directory can be a place of files at all; whether the file-transfer service may go there is its
// own to say.
void CheckFilePlace(const v1::Platform& platform, std::vector<FieldViolation>* violations);
// Of every mapping that has one.
void CheckFileRules(SyncCheck& check);

}  // namespace cognate::platform_registry
