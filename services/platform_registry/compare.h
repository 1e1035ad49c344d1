// Whether records of one model can go into another platform's, and by which sync.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "services/platform_registry/configuration.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {

// Pairs the fields that fit best first; what is required and has nothing takes from what is not. A proposal
// that is given out has passed CheckSync as it is. A pure function.
absl::StatusOr<v1::CompareModelsResponse> Compare(Configuration configuration,
                                                  const v1::CompareModelsRequest& request);

absl::StatusOr<v1::CompareModelsResponse> CompareModels(SyncStore& syncs,
                                                        const v1::CompareModelsRequest& request);

}  // namespace cognate::platform_registry
