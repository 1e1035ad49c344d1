// Handler of ResealSecrets.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/key_service.pb.h"
#include "services/platform_registry/platform_store.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::ResealSecretsResponse> ResealSecrets(PlatformStore& store);

}  // namespace cognate::platform_registry
