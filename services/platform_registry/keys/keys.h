// Handlers of the RPCs of keys.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/key_service.pb.h"
#include "common/clock/clock.h"
#include "services/platform_registry/keys/key_store.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::CreateKeyResponse> CreateKey(KeyStore& store, const Clock& clock,
                                                const v1::Principal& caller,
                                                const v1::CreateKeyRequest& request);
absl::StatusOr<v1::GetKeyResponse> GetKey(KeyStore& store, const v1::GetKeyRequest& request);
absl::StatusOr<v1::ListKeysResponse> ListKeys(KeyStore& store, const v1::ListKeysRequest& request);
absl::StatusOr<v1::UpdateKeyResponse> UpdateKey(KeyStore& store, const Clock& clock,
                                                const v1::Principal& caller,
                                                const v1::UpdateKeyRequest& request);
absl::StatusOr<v1::RevokeKeyResponse> RevokeKey(KeyStore& store, const v1::RevokeKeyRequest& request);
absl::StatusOr<v1::WhoAmIResponse> WhoAmI(const v1::Principal& caller);
absl::StatusOr<v1::VerifyKeyResponse> VerifyKey(KeyStore& store, const v1::VerifyKeyRequest& request);

}  // namespace cognate::platform_registry
