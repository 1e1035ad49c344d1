// Tries the ways to a platform, step by step.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/check_service.pb.h"
#include "common/clock/clock.h"
#include "services/platform_registry/checks/agent_checks.h"
#include "services/platform_registry/checks/reach.h"
#include "services/platform_registry/model_store.h"
#include "services/platform_registry/platform_store.h"

namespace cognate::platform_registry {

// What it works with; all outlive it.
struct CheckParts {
  PlatformStore& platforms;
  ModelStore& models;
  const Clock& clock;
  Resolver& resolver;
  LiveKeysOf live_keys;  // nullptr: nothing is known of keys
};

// Takes at most until `deadline`, and at most 30 s. Holds no connection of the registry's own database while
// it waits.
absl::StatusOr<v1::CheckPlatformResponse> CheckPlatform(const CheckParts& parts,
                                                        const v1::CheckPlatformRequest& request,
                                                        absl::Time deadline);

}  // namespace cognate::platform_registry
