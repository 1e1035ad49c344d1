#include "services/platform_registry/keys/rotation.h"

#include "common/access/secret_text.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/keys/key_check.h"
#include "services/platform_registry/keys/key_errors.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::StartKeyRotationResponse> StartKeyRotation(RotationStore& store,
                                                              const v1::Principal& caller,
                                                              const v1::StartKeyRotationRequest& request) {
  ASSIGN_OR_RETURN(const std::string key, ParseKeyName(request.name(), "name"));
  access::NewSecret secret = access::MakeSecret(access::kKeyPrefix);
  v1::StartKeyRotationResponse response;
  ASSIGN_OR_RETURN(*response.mutable_key(),
                   store.Start(key, secret.id, access::HashSecret(secret.text),
                               [&](const v1::Key& old_key) { return CheckMayGive(caller, old_key); }));
  response.set_secret(std::move(secret.text));
  return response;
}

absl::StatusOr<v1::ConfirmKeyRotationResponse> ConfirmKeyRotation(RotationStore& store,
                                                                  const v1::Principal& caller) {
  const absl::StatusOr<std::string> key = ParseKeyName(caller.name(), "caller");
  if (!key.ok()) return NoRotation(caller.name());  // Local callers and services have no key.
  v1::ConfirmKeyRotationResponse response;
  ASSIGN_OR_RETURN(*response.mutable_key(), store.Confirm(*key));
  return response;
}

absl::StatusOr<v1::FinishKeyRotationResponse> FinishKeyRotation(RotationStore& store,
                                                                const v1::FinishKeyRotationRequest& request) {
  ASSIGN_OR_RETURN(const std::string key, ParseKeyName(request.name(), "name"));
  v1::FinishKeyRotationResponse response;
  ASSIGN_OR_RETURN(*response.mutable_key(), store.Finish(key, request.force()));
  return response;
}

absl::StatusOr<v1::CancelKeyRotationResponse> CancelKeyRotation(RotationStore& store,
                                                                const v1::CancelKeyRotationRequest& request) {
  ASSIGN_OR_RETURN(const std::string key, ParseKeyName(request.name(), "name"));
  v1::CancelKeyRotationResponse response;
  ASSIGN_OR_RETURN(*response.mutable_key(), store.Cancel(key));
  return response;
}

}  // namespace cognate::platform_registry
