// The table `enrolment_tokens`.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/key.pb.h"
#include "common/postgres/pool.h"

namespace cognate::platform_registry {

// What a token is good for: the platform, allowed_addresses and max_rate of a key that is not there yet.
struct NewToken {
  std::string id;
  std::string secret_hash;
  absl::Duration lifetime;
  v1::Key key;
};

// Thread safe.
class EnrolmentStore {
 public:
  explicit EnrolmentStore(postgres::Pool& pool) : pool_(pool) {}

  // Until when it is good. PLATFORM_NOT_FOUND.
  absl::StatusOr<absl::Time> Create(const NewToken& token);
  // Uses the token up and makes the key, of which `name` and `display_name` are given, or does neither.
  // TOKEN_INVALID; TOO_MANY_KEYS, and then the token is as good as before.
  absl::StatusOr<v1::Key> Redeem(absl::string_view token, absl::string_view token_hash, v1::Key key,
                                 absl::string_view secret_hash);

 private:
  postgres::Pool& pool_;
};

absl::Status DeleteTokensOfPlatform(postgres::Transaction& transaction, absl::string_view platform);

}  // namespace cognate::platform_registry
