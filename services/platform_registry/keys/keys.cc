#include "services/platform_registry/keys/keys.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/access/scopes.h"
#include "common/access/secret_text.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/keys/key_check.h"
#include "services/platform_registry/keys/key_errors.h"

namespace cognate::platform_registry {
namespace {

constexpr char kList[] = "keys";
constexpr char kChangeable[] = "display_name, allowed_addresses, max_rate or expire_time";
constexpr size_t kMaxAddress = 64;

// What its maker says of it, and nothing that only the registry knows.
v1::Key Asked(const v1::Key& key) {
  v1::Key asked;
  asked.set_role(key.role());
  asked.set_platform(key.platform());
  *asked.mutable_scopes() = key.scopes();
  std::sort(asked.mutable_scopes()->begin(), asked.mutable_scopes()->end());
  asked.mutable_scopes()->erase(std::unique(asked.mutable_scopes()->begin(), asked.mutable_scopes()->end()),
                                asked.mutable_scopes()->end());
  asked.set_display_name(key.display_name());
  *asked.mutable_allowed_addresses() = key.allowed_addresses();
  asked.set_max_rate(key.max_rate());
  if (key.has_expire_time()) *asked.mutable_expire_time() = key.expire_time();
  return asked;
}

absl::Status ApplyMask(const v1::Key& from, const google::protobuf::FieldMask& mask, v1::Key* to) {
  for (int i = 0; i < mask.paths_size(); ++i) {
    const std::string& path = mask.paths(i);
    if (path == "display_name") {
      to->set_display_name(from.display_name());
    } else if (path == "allowed_addresses") {
      *to->mutable_allowed_addresses() = from.allowed_addresses();
    } else if (path == "max_rate") {
      to->set_max_rate(from.max_rate());
    } else if (path == "expire_time") {
      to->clear_expire_time();
      if (from.has_expire_time()) *to->mutable_expire_time() = from.expire_time();
    } else {
      return InvalidField(absl::StrCat("update_mask.paths[", i, "]"),
                          absl::StrCat("got ", path, ", want ", kChangeable));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::CreateKeyResponse> CreateKey(KeyStore& store, const Clock& clock,
                                                const v1::Principal& caller,
                                                const v1::CreateKeyRequest& request) {
  RETURN_IF_ERROR(CheckKey(request.key(), clock.Now()));
  v1::Key key = Asked(request.key());
  RETURN_IF_ERROR(CheckMayGive(caller, key));
  access::NewSecret secret = access::MakeSecret(access::kKeyPrefix);
  key.set_name(KeyName(secret.id));
  v1::CreateKeyResponse response;
  ASSIGN_OR_RETURN(*response.mutable_key(), store.Create(key, access::HashSecret(secret.text)));
  response.set_secret(std::move(secret.text));
  return response;
}

absl::StatusOr<v1::GetKeyResponse> GetKey(KeyStore& store, const v1::GetKeyRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParseKeyName(request.name(), "name"));
  v1::GetKeyResponse response;
  ASSIGN_OR_RETURN(*response.mutable_key(), store.Get(id));
  return response;
}

absl::StatusOr<v1::ListKeysResponse> ListKeys(KeyStore& store, const v1::ListKeysRequest& request) {
  ASSIGN_OR_RETURN(const Page page, ParsePage(kList, request.page_size(), request.page_token()));
  ASSIGN_OR_RETURN(std::vector<v1::Key> keys, store.List(request.platform(), request.with_dead(), page));
  v1::ListKeysResponse response;
  const size_t count = std::min(keys.size(), static_cast<size_t>(page.size));
  for (size_t i = 0; i < count; ++i) *response.add_keys() = std::move(keys[i]);
  if (keys.size() > count) {
    ASSIGN_OR_RETURN(const std::string last,
                     ParseKeyName(response.keys(static_cast<int>(count) - 1).name(), "name"));
    response.set_next_page_token(PageToken(kList, last));
  }
  return response;
}

absl::StatusOr<v1::UpdateKeyResponse> UpdateKey(KeyStore& store, const Clock& clock,
                                                const v1::Principal& caller,
                                                const v1::UpdateKeyRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParseKeyName(request.key().name(), "key.name"));
  if (request.update_mask().paths().empty())
    return InvalidField("update_mask", absl::StrCat("got no paths, want ", kChangeable));
  v1::UpdateKeyResponse response;
  ASSIGN_OR_RETURN(*response.mutable_key(),
                   store.Update(id, request.key().etag(), [&](v1::Key& key) -> absl::Status {
                     RETURN_IF_ERROR(CheckMayGive(caller, key));
                     RETURN_IF_ERROR(ApplyMask(request.key(), request.update_mask(), &key));
                     return CheckKey(key, clock.Now());
                   }));
  return response;
}

absl::StatusOr<v1::RevokeKeyResponse> RevokeKey(KeyStore& store, const v1::RevokeKeyRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParseKeyName(request.name(), "name"));
  v1::RevokeKeyResponse response;
  ASSIGN_OR_RETURN(*response.mutable_key(), store.Revoke(id));
  return response;
}

absl::StatusOr<v1::WhoAmIResponse> WhoAmI(const v1::Principal& caller) {
  v1::WhoAmIResponse response;
  *response.mutable_principal() = caller;
  for (std::string& scope : access::EffectiveScopes(caller)) response.add_effective_scopes(std::move(scope));
  return response;
}

absl::StatusOr<v1::VerifyKeyResponse> VerifyKey(KeyStore& store, const v1::VerifyKeyRequest& request) {
  const std::optional<std::string> id = access::SecretId(access::kKeyPrefix, request.secret());
  if (!id.has_value()) return KeyInvalid();
  ASSIGN_OR_RETURN(std::optional<KnownSecret> known, store.Find(*id));
  if (!known.has_value() || !access::IsSameHash(known->hash, access::HashSecret(request.secret())) ||
      !known->is_live)
    return KeyInvalid();
  if (known->is_use_untold) {
    const absl::Status written = store.WriteUse(*id, request.address().substr(0, kMaxAddress));
    if (!written.ok()) log::Warn("use of a key not written down", {{"key_id", *id}, {"error", written}});
  }
  v1::VerifyKeyResponse response;
  *response.mutable_principal() = std::move(known->principal);
  return response;
}

}  // namespace cognate::platform_registry
