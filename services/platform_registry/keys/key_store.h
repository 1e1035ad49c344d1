// The table `keys`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/key.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {

// Whose a secret is, if its hash is this.
struct KnownSecret {
  std::string hash;
  bool is_live = false;        // Neither revoked nor expired.
  bool is_use_untold = false;  // Its last use that is written down is a minute ago.
  v1::Principal principal;
};

// Keys are given by their ids, without `keys/`. All that change keys take turns under the configuration's
// lock, and so does the deletion of platforms: what one has counted still holds when it commits. Thread safe.
class KeyStore {
 public:
  explicit KeyStore(postgres::Pool& pool) : pool_(pool) {}

  // A platform's: PLATFORM_NOT_FOUND, TOO_MANY_KEYS.
  absl::StatusOr<v1::Key> Create(const v1::Key& key, absl::string_view secret_hash);
  absl::StatusOr<v1::Key> Get(absl::string_view key);
  // Newest first, those after the key `page.after`; one more than the page holds, if there are more.
  // `platform` may be empty.
  absl::StatusOr<std::vector<v1::Key>> List(absl::string_view platform, bool with_dead, const Page& page);
  // Stores what `change` makes of the key. KEY_REVOKED; ETAG_MISMATCH when `etag` is set and not the current
  // one.
  absl::StatusOr<v1::Key> Update(absl::string_view key, absl::string_view etag,
                                 absl::FunctionRef<absl::Status(v1::Key&)> change);
  // Again: as the first time.
  absl::StatusOr<v1::Key> Revoke(absl::string_view key);

  // nullopt when there is none of this id.
  absl::StatusOr<std::optional<KnownSecret>> Find(absl::string_view key);
  // Once a minute at most, whoever else says so at the same time.
  absl::Status WriteUse(absl::string_view key, absl::string_view address);

 private:
  postgres::Pool& pool_;
};

// For those that change keys in transactions of their own, under the configuration's lock.
struct StoredKey {
  v1::Key key;
  std::string replaces;  // The id of the key that it was made for in a rotation, or empty.
  bool is_live = false;
};
absl::StatusOr<StoredKey> SelectKey(postgres::Transaction& transaction, absl::string_view key);
// A platform's: PLATFORM_NOT_FOUND, TOO_MANY_KEYS. `replaces` may be empty.
absl::StatusOr<v1::Key> InsertKey(postgres::Transaction& transaction, const v1::Key& key,
                                  absl::string_view secret_hash, absl::string_view replaces);
absl::Status RevokeKey(postgres::Transaction& transaction, absl::string_view key);
absl::Status ConfirmKey(postgres::Transaction& transaction, absl::string_view key);
absl::Status RevokeKeysOfPlatform(postgres::Transaction& transaction, absl::string_view platform);

}  // namespace cognate::platform_registry
