// Handlers of the RPCs that change a key for another one.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/key_service.pb.h"
#include "services/platform_registry/keys/rotation_store.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::StartKeyRotationResponse> StartKeyRotation(RotationStore& store,
                                                              const v1::Principal& caller,
                                                              const v1::StartKeyRotationRequest& request);
absl::StatusOr<v1::ConfirmKeyRotationResponse> ConfirmKeyRotation(RotationStore& store,
                                                                  const v1::Principal& caller);
absl::StatusOr<v1::FinishKeyRotationResponse> FinishKeyRotation(RotationStore& store,
                                                                const v1::FinishKeyRotationRequest& request);
absl::StatusOr<v1::CancelKeyRotationResponse> CancelKeyRotation(RotationStore& store,
                                                                const v1::CancelKeyRotationRequest& request);

}  // namespace cognate::platform_registry
