// Handlers of the platform RPCs.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "common/clock/clock.h"
#include "services/platform_registry/ledger/model_ids.h"
#include "services/platform_registry/platform_store.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::CreatePlatformResponse> CreatePlatform(PlatformStore& store,
                                                          const v1::CreatePlatformRequest& request);
absl::StatusOr<v1::GetPlatformResponse> GetPlatform(PlatformStore& store,
                                                    const v1::GetPlatformRequest& request);
absl::StatusOr<v1::ListPlatformsResponse> ListPlatforms(PlatformStore& store,
                                                        const v1::ListPlatformsRequest& request);
absl::StatusOr<v1::UpdatePlatformResponse> UpdatePlatform(PlatformStore& store, const Clock& clock,
                                                          const v1::UpdatePlatformRequest& request);
absl::StatusOr<v1::DeletePlatformResponse> DeletePlatform(PlatformStore& store, ModelIds& ids,
                                                          const v1::DeletePlatformRequest& request);

}  // namespace cognate::platform_registry
