// Rotations: two keys of the table `keys`, of which the newer was made to replace the other. A rotation goes
// on while both are good, and is nowhere written down otherwise: whatever ends one of the two ends it.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/key.pb.h"
#include "common/postgres/pool.h"

namespace cognate::platform_registry {

// Each step is one transaction, under the configuration's lock. Keys are given by their ids. Thread safe.
class RotationStore {
 public:
  explicit RotationStore(postgres::Pool& pool) : pool_(pool) {}

  // Makes the key that replaces `key`, under the id and with the secret that are given, if `check` takes the
  // old one. KEY_REVOKED, ROTATION_STARTED, TOO_MANY_KEYS.
  absl::StatusOr<v1::Key> Start(absl::string_view key, absl::string_view new_key,
                                absl::string_view secret_hash,
                                absl::FunctionRef<absl::Status(const v1::Key&)> check);
  // NO_ROTATION when `key` was made for none.
  absl::StatusOr<v1::Key> Confirm(absl::string_view key);
  // Of either key; answers the one that stays. NO_ROTATION, ROTATION_NOT_CONFIRMED.
  absl::StatusOr<v1::Key> Finish(absl::string_view key, bool force);
  absl::StatusOr<v1::Key> Cancel(absl::string_view key);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::platform_registry
