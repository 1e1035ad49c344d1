// What files need: of a platform, where they lie; of a sync, rules that its platforms can follow.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "cognate/v1/platform.pb.h"
#include "cognate/v1/sync.pb.h"
#include "common/status/error.h"
#include "services/platform_registry/rules.h"
#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {

// That its directory can be a place of files at all; whether the file-transfer service may go there is its
// own to say.
void CheckFilePlace(const v1::Platform& platform, std::vector<FieldViolation>* violations);
// Of every mapping that has one.
void CheckFileRules(SyncCheck& check);
// FAILED_PRECONDITION NO_PUBLIC_URL where a rule makes addresses of the gateway, and nothing says where
// readers reach that. What is stored already works on: it is not asked of it.
absl::Status CheckPublicUrl(const v1::Sync& sync, bool has_public_url);

}  // namespace cognate::platform_registry
