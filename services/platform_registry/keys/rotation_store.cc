#include "services/platform_registry/keys/rotation_store.h"

#include <utility>

#include "common/status/status_macros.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/keys/key_check.h"
#include "services/platform_registry/keys/key_errors.h"
#include "services/platform_registry/keys/key_store.h"

namespace cognate::platform_registry {
namespace {

using postgres::Transaction;

struct Rotation {
  std::string old_id, new_id;
  StoredKey new_key;
};

// That of either of its keys.
absl::StatusOr<Rotation> SelectRotation(Transaction& transaction, absl::string_view key) {
  ASSIGN_OR_RETURN(StoredKey stored, SelectKey(transaction, key));
  if (stored.key.rotates_with().empty()) return NoRotation(key);
  ASSIGN_OR_RETURN(std::string other, ParseKeyName(stored.key.rotates_with(), "rotates_with"));
  if (stored.replaces == other) return Rotation{std::move(other), std::string(key), std::move(stored)};
  ASSIGN_OR_RETURN(StoredKey new_key, SelectKey(transaction, other));
  return Rotation{std::string(key), std::move(other), std::move(new_key)};
}

// What the new key may, which is what the old one may, and for as long.
v1::Key TwinOf(const v1::Key& old_key, absl::string_view id) {
  v1::Key twin = old_key;
  twin.set_name(KeyName(id));
  return twin;
}

}  // namespace

absl::StatusOr<v1::Key> RotationStore::Start(absl::string_view key, absl::string_view new_key,
                                             absl::string_view secret_hash,
                                             absl::FunctionRef<absl::Status(const v1::Key&)> check) {
  v1::Key made;
  RETURN_IF_ERROR(pool_.InTransaction("start_key_rotation", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(const StoredKey old_key, SelectKey(transaction, key));
    if (!old_key.is_live) return KeyRevoked(key);
    if (!old_key.key.rotates_with().empty()) return RotationStarted(key, old_key.key.rotates_with());
    RETURN_IF_ERROR(check(old_key.key));
    ASSIGN_OR_RETURN(made, InsertKey(transaction, TwinOf(old_key.key, new_key), secret_hash, key));
    return absl::OkStatus();
  }));
  return made;
}

absl::StatusOr<v1::Key> RotationStore::Confirm(absl::string_view key) {
  StoredKey stored;
  RETURN_IF_ERROR(pool_.InTransaction("confirm_key_rotation", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(stored, SelectKey(transaction, key));
    // Also when the rotation was finished without waiting: the caller has done its part.
    if (stored.replaces.empty()) return NoRotation(key);
    RETURN_IF_ERROR(ConfirmKey(transaction, key));
    ASSIGN_OR_RETURN(stored, SelectKey(transaction, key));
    return absl::OkStatus();
  }));
  return std::move(stored.key);
}

absl::StatusOr<v1::Key> RotationStore::Finish(absl::string_view key, bool force) {
  StoredKey left;
  RETURN_IF_ERROR(pool_.InTransaction("finish_key_rotation", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(const Rotation rotation, SelectRotation(transaction, key));
    if (!force && !rotation.new_key.key.has_confirm_time())
      return RotationNotConfirmed(rotation.new_key.key.name());
    RETURN_IF_ERROR(RevokeKey(transaction, rotation.old_id));
    ASSIGN_OR_RETURN(left, SelectKey(transaction, rotation.new_id));
    return absl::OkStatus();
  }));
  return std::move(left.key);
}

absl::StatusOr<v1::Key> RotationStore::Cancel(absl::string_view key) {
  StoredKey left;
  RETURN_IF_ERROR(pool_.InTransaction("cancel_key_rotation", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(const Rotation rotation, SelectRotation(transaction, key));
    RETURN_IF_ERROR(RevokeKey(transaction, rotation.new_id));
    ASSIGN_OR_RETURN(left, SelectKey(transaction, rotation.old_id));
    return absl::OkStatus();
  }));
  return std::move(left.key);
}

}  // namespace cognate::platform_registry
