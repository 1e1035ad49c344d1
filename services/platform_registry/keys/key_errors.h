// The errors of keys, tokens and rotations. None of them repeats a secret.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/status/error.h"

namespace cognate::platform_registry {

// Keys are named by their ids, without `keys/`.
Error KeyNotFound(absl::string_view key);
Error KeyRevoked(absl::string_view key);
Error TooManyKeys(absl::string_view platform);
// Unknown, revoked, expired or malformed: which of them is not told.
Error KeyInvalid();
// Unknown, used, too old or malformed: which of them is not told.
Error TokenInvalid();
Error TooManyAttempts(absl::Duration wait);
Error RotationStarted(absl::string_view key, absl::string_view other);
Error NoRotation(absl::string_view key);
Error RotationNotConfirmed(absl::string_view new_key);
// `what` that the caller does not have itself.
Error GivesMoreThanItHas(absl::string_view caller, absl::string_view what);

}  // namespace cognate::platform_registry
