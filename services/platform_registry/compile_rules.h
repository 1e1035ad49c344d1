#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/rules_service.pb.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {

// A sync that is only asked about is compiled as active, and without a guard.
absl::StatusOr<v1::CompileRulesResponse> CompileRules(SyncStore& store,
                                                      const v1::CompileRulesRequest& request);

}  // namespace cognate::platform_registry
