// The secrets of platforms, which are stored sealed where they are given themselves.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/platform.pb.h"
#include "common/secret/sealing.h"

namespace cognate::platform_registry {

// Seals what is given as `value`. What is given sealed must be one of `stored`, the platform as it was, to
// the byte: INVALID_FIELD. FAILED_PRECONDITION SEALING_KEY_MISSING without a keyring.
absl::Status SealSecrets(const v1::Platform& stored, v1::Platform* platform);

// Under the first key of the keyring, `first_key`, what is not under it; counts what was resealed, and what
// was not.
absl::Status Reseal(secret::Keyring& keyring, absl::string_view first_key, v1::Platform* platform,
                    int64_t* resealed, int64_t* current);

// The bytes by which one request is told from another, with fingerprints in the place of secrets.
absl::StatusOr<std::string> ContentWithoutSecrets(v1::Platform platform);

}  // namespace cognate::platform_registry
