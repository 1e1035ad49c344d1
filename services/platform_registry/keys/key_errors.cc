#include "services/platform_registry/keys/key_errors.h"

#include "absl/strings/str_cat.h"

namespace cognate::platform_registry {

using absl::StatusCode;
using absl::StrCat;

Error KeyNotFound(absl::string_view key) {
  return Error(StatusCode::kNotFound, "KEY_NOT_FOUND",
               StrCat("there is no key \"", key, "\"; ListKeys has those that are"))
      .With("key", key);
}

Error KeyRevoked(absl::string_view key) {
  return Error(StatusCode::kFailedPrecondition, "KEY_REVOKED",
               StrCat("key ", key, " was revoked or has expired, for good; make another one"))
      .With("key", key);
}

Error TooManyKeys(absl::string_view platform) {
  return Error(StatusCode::kFailedPrecondition, "TOO_MANY_KEYS",
               StrCat("platform \"", platform,
                      "\" has two keys that are good, which is as many as it may have; revoke one"))
      .With("platform", platform);
}

Error KeyInvalid() {
  return Error(StatusCode::kUnauthenticated, "KEY_INVALID", "the key is unknown, revoked or has expired");
}

Error TokenInvalid() {
  return Error(StatusCode::kUnauthenticated, "TOKEN_INVALID",
               "the token is unknown, was used before or is too old; ask for another one");
}

Error TooManyAttempts(absl::Duration wait) {
  return Error(StatusCode::kResourceExhausted, "RATE_LIMITED",
               "too many tokens from this address were refused within a minute; try again later")
      .RetryAfter(wait);
}

Error RotationStarted(absl::string_view key, absl::string_view other) {
  return Error(StatusCode::kFailedPrecondition, "ROTATION_STARTED",
               StrCat("key ", key, " is being rotated already, with ", other, "; finish or cancel that"))
      .With("key", key)
      .With("rotates_with", other);
}

Error NoRotation(absl::string_view key) {
  return Error(StatusCode::kFailedPrecondition, "NO_ROTATION",
               StrCat("key ", key, " is not being rotated; StartKeyRotation begins one"))
      .With("key", key);
}

Error RotationNotConfirmed(absl::string_view new_key) {
  return Error(
             StatusCode::kFailedPrecondition, "ROTATION_NOT_CONFIRMED",
             StrCat(
                 "nobody has shown the new key ", new_key,
                 " yet: whoever uses it calls ConfirmKeyRotation with it, or `force` finishes all the same"))
      .With("key", new_key);
}

Error GivesMoreThanItHas(absl::string_view caller, absl::string_view what) {
  return Error(StatusCode::kPermissionDenied, "SCOPE_MISSING",
               StrCat(caller, " cannot give ", what, ", which it does not have itself"))
      .With("scope", what);
}

}  // namespace cognate::platform_registry
