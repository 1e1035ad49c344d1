#include "services/platform_registry/keys/enrolment_store.h"

#include <utility>
#include <vector>

#include "common/access/secret_text.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/keys/key_errors.h"
#include "services/platform_registry/keys/key_store.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kInsertToken = {"insert_enrolment_token", R"sql(
    INSERT INTO enrolment_tokens (token_id, secret_hash, platform, allowed_addresses, max_rate, expire_time)
    SELECT $1, $2, p.name, $4, $5, now() + make_interval(secs => $6)
    FROM platforms p
    WHERE p.name = $3
    RETURNING expire_time
)sql"};

const Statement kDeleteOldTokens = {"delete_old_enrolment_tokens", R"sql(
    DELETE FROM enrolment_tokens WHERE expire_time < now() - interval '30 days'
)sql"};

const Statement kSelectToken = {"select_enrolment_token", R"sql(
    SELECT secret_hash, platform, allowed_addresses, max_rate FROM enrolment_tokens WHERE token_id = $1
)sql"};

const Statement kUseToken = {"use_enrolment_token", R"sql(
    UPDATE enrolment_tokens
    SET use_time = now()
    WHERE token_id = $1 AND use_time IS NULL AND expire_time > now()
)sql"};

const Statement kDeleteTokensOfPlatform = {"delete_enrolment_tokens_of_platform", R"sql(
    DELETE FROM enrolment_tokens WHERE platform = $1
)sql"};

// What the token is good for, if its secret is the right one; it may be used up or too old.
absl::Status ReadToken(Transaction& transaction, absl::string_view token, absl::string_view hash,
                       v1::Key* key) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectToken, Params().AddText(token)));
  if (rows.empty() || !access::IsSameHash(rows.GetBytes(0, 0), hash)) return TokenInvalid();
  key->set_role(v1::ROLE_PLATFORM);
  key->set_platform(std::string(rows.GetText(0, 1)));
  for (const auto& address : rows.GetTextArray(0, 2)) key->add_allowed_addresses(std::string(*address));
  key->set_max_rate(rows.GetDouble(0, 3));
  return absl::OkStatus();
}

}  // namespace

absl::Status DeleteTokensOfPlatform(Transaction& transaction, absl::string_view platform) {
  return transaction.Query(kDeleteTokensOfPlatform, Params().AddText(platform)).status();
}

absl::StatusOr<absl::Time> EnrolmentStore::Create(const NewToken& token) {
  const auto& addresses = token.key.allowed_addresses();
  Params params;
  params.AddText(token.id).AddBytes(token.secret_hash).AddText(token.key.platform());
  params.AddTextArray(std::vector<std::string>(addresses.begin(), addresses.end()));
  params.AddDouble(token.key.max_rate()).AddDouble(absl::ToDoubleSeconds(token.lifetime));
  absl::Time expire_time;
  RETURN_IF_ERROR(
      pool_.InTransaction("create_enrolment_token", [&](Transaction& transaction) -> absl::Status {
        RETURN_IF_ERROR(LockConfiguration(transaction));  // The platform stays while a token for it is made.
        RETURN_IF_ERROR(transaction.Query(kDeleteOldTokens).status());
        ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kInsertToken, params));
        if (rows.empty()) return PlatformNotFound(token.key.platform());
        expire_time = rows.GetTimestamp(0, 0);
        return absl::OkStatus();
      }));
  return expire_time;
}

absl::StatusOr<v1::Key> EnrolmentStore::Redeem(absl::string_view token, absl::string_view token_hash,
                                               v1::Key key, absl::string_view secret_hash) {
  RETURN_IF_ERROR(pool_.InTransaction("enrol_platform", [&](Transaction& transaction) -> absl::Status {
    // Before the lock: who only guesses keeps nobody waiting.
    RETURN_IF_ERROR(ReadToken(transaction, token, token_hash, &key));
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(const Rows used, transaction.Query(kUseToken, Params().AddText(token)));
    if (used.affected() == 0) return TokenInvalid();
    ASSIGN_OR_RETURN(key, InsertKey(transaction, key, secret_hash, ""));
    return absl::OkStatus();
  }));
  return key;
}

}  // namespace cognate::platform_registry
