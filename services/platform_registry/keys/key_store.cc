#include "services/platform_registry/keys/key_store.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/keys/key_check.h"
#include "services/platform_registry/keys/key_errors.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr int64_t kMaxKeysOfPlatform = 2;

// The database's clock alone says what has expired: services may disagree about the time.
const Statement kSelectKey = {"select_key", R"sql(
    SELECT k.key_id, k.role, k.platform, k.scopes, k.display_name, k.allowed_addresses, k.max_rate, k.revision,
           k.create_time, k.expire_time, k.last_used_time, k.last_used_address, k.revoke_time, k.confirm_time,
           k.replaces, k.revoke_time IS NULL AND coalesce(k.expire_time > now(), true) AS is_live,
           o.key_id AS rotates_with
    FROM keys k
    LEFT JOIN LATERAL (SELECT other.key_id
                       FROM keys other
                       WHERE (other.key_id = k.replaces OR other.replaces = k.key_id)
                         AND k.revoke_time IS NULL AND coalesce(k.expire_time > now(), true)
                         AND other.revoke_time IS NULL AND coalesce(other.expire_time > now(), true)
                       LIMIT 1) o ON true
    WHERE k.key_id = $1
)sql"};

const Statement kSelectKeys = {"select_keys", R"sql(
    SELECT k.key_id, k.role, k.platform, k.scopes, k.display_name, k.allowed_addresses, k.max_rate, k.revision,
           k.create_time, k.expire_time, k.last_used_time, k.last_used_address, k.revoke_time, k.confirm_time,
           k.replaces, k.revoke_time IS NULL AND coalesce(k.expire_time > now(), true) AS is_live,
           o.key_id AS rotates_with
    FROM keys k
    LEFT JOIN LATERAL (SELECT other.key_id
                       FROM keys other
                       WHERE (other.key_id = k.replaces OR other.replaces = k.key_id)
                         AND k.revoke_time IS NULL AND coalesce(k.expire_time > now(), true)
                         AND other.revoke_time IS NULL AND coalesce(other.expire_time > now(), true)
                       LIMIT 1) o ON true
    WHERE ($1 = '' OR k.platform = $1)
      AND ($2 OR (k.revoke_time IS NULL AND coalesce(k.expire_time > now(), true)))
      AND ($3 = '' OR (k.create_time, k.key_id) < (SELECT l.create_time, l.key_id FROM keys l WHERE l.key_id = $3))
    ORDER BY k.create_time DESC, k.key_id DESC
    LIMIT $4
)sql"};

const Statement kSelectSecret = {"select_key_secret", R"sql(
    SELECT secret_hash, role, platform, scopes, display_name, allowed_addresses, max_rate, expire_time,
           revoke_time IS NULL AND coalesce(expire_time > now(), true),
           coalesce(last_used_time < now() - interval '1 minute', true)
    FROM keys
    WHERE key_id = $1
)sql"};

const Statement kCountLiveKeys = {"count_live_keys", R"sql(
    SELECT count(k.key_id)
    FROM platforms p
    LEFT JOIN keys k ON k.platform = p.name AND k.revoke_time IS NULL AND coalesce(k.expire_time > now(), true)
    WHERE p.name = $1
    GROUP BY p.name
)sql"};

const Statement kInsertKey = {"insert_key", R"sql(
    INSERT INTO keys (key_id, secret_hash, role, platform, scopes, display_name, allowed_addresses, max_rate,
                      expire_time, replaces)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
)sql"};

const Statement kUpdateKey = {"update_key", R"sql(
    UPDATE keys
    SET display_name = $2, allowed_addresses = $3, max_rate = $4, expire_time = $5, revision = revision + 1
    WHERE key_id = $1
)sql"};

const Statement kRevokeKey = {"revoke_key", R"sql(
    UPDATE keys SET revoke_time = now(), revision = revision + 1 WHERE key_id = $1 AND revoke_time IS NULL
)sql"};

const Statement kRevokeKeysOfPlatform = {"revoke_keys_of_platform", R"sql(
    UPDATE keys SET revoke_time = now(), revision = revision + 1 WHERE platform = $1 AND revoke_time IS NULL
)sql"};

const Statement kConfirmKey = {"confirm_key", R"sql(
    UPDATE keys SET confirm_time = now(), revision = revision + 1 WHERE key_id = $1 AND confirm_time IS NULL
)sql"};

const Statement kWriteUse = {"write_key_use", R"sql(
    UPDATE keys
    SET last_used_time = now(), last_used_address = $2
    WHERE key_id = $1 AND coalesce(last_used_time < now() - interval '1 minute', true)
)sql"};

void SetTime(const Rows& rows, int row, int column, google::protobuf::Timestamp* (v1::Key::*field)(),
             v1::Key* key) {
  if (!rows.IsNull(row, column)) *(key->*field)() = ToTimestamp(rows.GetTimestamp(row, column));
}

void AddTexts(const Rows& rows, int row, int column, google::protobuf::RepeatedPtrField<std::string>* texts) {
  for (const auto& text : rows.GetTextArray(row, column)) texts->Add(std::string(*text));
}

v1::Role RoleOf(absl::string_view name) {
  v1::Role role = v1::ROLE_UNSPECIFIED;
  v1::Role_Parse(std::string(name), &role);
  return role;
}

// Of kSelectKey and kSelectKeys.
StoredKey KeyFromRow(const Rows& rows, int row) {
  StoredKey stored;
  v1::Key& key = stored.key;
  key.set_name(KeyName(rows.GetText(row, 0)));
  key.set_role(RoleOf(rows.GetText(row, 1)));
  key.set_platform(std::string(rows.GetText(row, 2)));
  AddTexts(rows, row, 3, key.mutable_scopes());
  key.set_display_name(std::string(rows.GetText(row, 4)));
  AddTexts(rows, row, 5, key.mutable_allowed_addresses());
  key.set_max_rate(rows.GetDouble(row, 6));
  key.set_etag(absl::StrCat(rows.GetInt64(row, 7)));
  SetTime(rows, row, 8, &v1::Key::mutable_create_time, &key);
  SetTime(rows, row, 9, &v1::Key::mutable_expire_time, &key);
  SetTime(rows, row, 10, &v1::Key::mutable_last_used_time, &key);
  key.set_last_used_address(std::string(rows.GetText(row, 11)));
  SetTime(rows, row, 12, &v1::Key::mutable_revoke_time, &key);
  SetTime(rows, row, 13, &v1::Key::mutable_confirm_time, &key);
  stored.replaces = std::string(rows.GetText(row, 14));
  stored.is_live = rows.GetBool(row, 15);
  if (!rows.IsNull(row, 16)) key.set_rotates_with(KeyName(rows.GetText(row, 16)));
  return stored;
}

KnownSecret SecretFromRow(const Rows& rows, absl::string_view key) {
  KnownSecret known;
  known.hash = std::string(rows.GetBytes(0, 0));
  v1::Principal& principal = known.principal;
  principal.set_name(KeyName(key));
  principal.set_role(RoleOf(rows.GetText(0, 1)));
  principal.set_platform(std::string(rows.GetText(0, 2)));
  AddTexts(rows, 0, 3, principal.mutable_scopes());
  principal.set_display_name(std::string(rows.GetText(0, 4)));
  AddTexts(rows, 0, 5, principal.mutable_allowed_addresses());
  principal.set_max_rate(rows.GetDouble(0, 6));
  if (!rows.IsNull(0, 7)) *principal.mutable_expire_time() = ToTimestamp(rows.GetTimestamp(0, 7));
  known.is_live = rows.GetBool(0, 8);
  known.is_use_untold = rows.GetBool(0, 9);
  return known;
}

std::vector<std::string> Texts(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

std::optional<absl::Time> ExpireTime(const v1::Key& key) {
  return key.has_expire_time() ? std::optional<absl::Time>(ToTime(key.expire_time())) : std::nullopt;
}

absl::Status CheckRoom(Transaction& transaction, absl::string_view platform) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCountLiveKeys, Params().AddText(platform)));
  if (rows.empty()) return PlatformNotFound(platform);
  if (rows.GetInt64(0, 0) >= kMaxKeysOfPlatform) return TooManyKeys(platform);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StoredKey> SelectKey(Transaction& transaction, absl::string_view key) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectKey, Params().AddText(key)));
  if (rows.empty()) return KeyNotFound(key);
  return KeyFromRow(rows, 0);
}

absl::StatusOr<v1::Key> InsertKey(Transaction& transaction, const v1::Key& key, absl::string_view secret_hash,
                                  absl::string_view replaces) {
  const bool is_platform = key.role() == v1::ROLE_PLATFORM;
  if (is_platform) RETURN_IF_ERROR(CheckRoom(transaction, key.platform()));
  ASSIGN_OR_RETURN(const std::string id, ParseKeyName(key.name(), "key.name"));
  Params params;
  params.AddText(id).AddBytes(secret_hash).AddText(v1::Role_Name(key.role()));
  is_platform ? params.AddText(key.platform()) : params.AddNull();
  params.AddTextArray(Texts(key.scopes())).AddText(key.display_name());
  params.AddTextArray(Texts(key.allowed_addresses())).AddDouble(key.max_rate()).AddTimestamp(ExpireTime(key));
  replaces.empty() ? params.AddNull() : params.AddText(replaces);
  RETURN_IF_ERROR(transaction.Query(kInsertKey, params).status());
  ASSIGN_OR_RETURN(StoredKey stored, SelectKey(transaction, id));
  return std::move(stored.key);
}

absl::Status RevokeKey(Transaction& transaction, absl::string_view key) {
  return transaction.Query(kRevokeKey, Params().AddText(key)).status();
}

absl::Status ConfirmKey(Transaction& transaction, absl::string_view key) {
  return transaction.Query(kConfirmKey, Params().AddText(key)).status();
}

absl::Status RevokeKeysOfPlatform(Transaction& transaction, absl::string_view platform) {
  return transaction.Query(kRevokeKeysOfPlatform, Params().AddText(platform)).status();
}

absl::StatusOr<v1::Key> KeyStore::Create(const v1::Key& key, absl::string_view secret_hash) {
  v1::Key created;
  RETURN_IF_ERROR(pool_.InTransaction("create_key", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(created, InsertKey(transaction, key, secret_hash, ""));
    return absl::OkStatus();
  }));
  return created;
}

absl::StatusOr<v1::Key> KeyStore::Get(absl::string_view key) {
  StoredKey stored;
  RETURN_IF_ERROR(pool_.Run("get_key", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(stored, SelectKey(transaction, key));
    return absl::OkStatus();
  }));
  return std::move(stored.key);
}

absl::StatusOr<std::vector<v1::Key>> KeyStore::List(absl::string_view platform, bool with_dead,
                                                    const Page& page) {
  std::vector<v1::Key> keys;
  RETURN_IF_ERROR(pool_.Run("list_keys", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddText(platform).AddBool(with_dead).AddText(page.after).AddInt64(page.size + 1);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectKeys, params));
    for (int row = 0; row < rows.size(); ++row) keys.push_back(KeyFromRow(rows, row).key);
    return absl::OkStatus();
  }));
  return keys;
}

absl::StatusOr<v1::Key> KeyStore::Update(absl::string_view key, absl::string_view etag,
                                         absl::FunctionRef<absl::Status(v1::Key&)> change) {
  StoredKey stored;
  RETURN_IF_ERROR(pool_.InTransaction("update_key", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(stored, SelectKey(transaction, key));
    if (!stored.is_live) return KeyRevoked(key);
    if (!etag.empty() && etag != stored.key.etag()) return EtagMismatch(stored.key.name(), stored.key.etag());
    RETURN_IF_ERROR(change(stored.key));
    Params params;
    params.AddText(key)
        .AddText(stored.key.display_name())
        .AddTextArray(Texts(stored.key.allowed_addresses()));
    params.AddDouble(stored.key.max_rate()).AddTimestamp(ExpireTime(stored.key));
    RETURN_IF_ERROR(transaction.Query(kUpdateKey, params).status());
    ASSIGN_OR_RETURN(stored, SelectKey(transaction, key));
    return absl::OkStatus();
  }));
  return std::move(stored.key);
}

absl::StatusOr<v1::Key> KeyStore::Revoke(absl::string_view key) {
  StoredKey stored;
  RETURN_IF_ERROR(pool_.InTransaction("revoke_key", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    RETURN_IF_ERROR(RevokeKey(transaction, key));
    ASSIGN_OR_RETURN(stored, SelectKey(transaction, key));
    return absl::OkStatus();
  }));
  return std::move(stored.key);
}

absl::StatusOr<std::optional<KnownSecret>> KeyStore::Find(absl::string_view key) {
  std::optional<KnownSecret> known;
  RETURN_IF_ERROR(pool_.Run("find_key", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectSecret, Params().AddText(key)));
    if (!rows.empty()) known = SecretFromRow(rows, key);
    return absl::OkStatus();
  }));
  return known;
}

absl::Status KeyStore::WriteUse(absl::string_view key, absl::string_view address) {
  return pool_.Run("write_key_use", [&](Transaction& transaction) -> absl::Status {
    return transaction.Query(kWriteUse, Params().AddText(key).AddText(address)).status();
  });
}

}  // namespace cognate::platform_registry
