#include "services/platform_registry/keys/key_check.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/access/network.h"
#include "common/access/scopes.h"
#include "common/clock/time_proto.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/keys/key_errors.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr char kCollection[] = "keys/";
constexpr size_t kIdSize = 12;
constexpr int kMaxDisplayName = 120;
constexpr int kMaxAddresses = 50;
constexpr size_t kMaxAddress = 64;
constexpr double kMaxRate = 100'000;
constexpr int64_t kLastSecond = 253'402'300'799;  // Of the year 9999, where protobuf's times end.

int CountCharacters(absl::string_view utf8) {
  int count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

void CheckRole(const v1::Key& key, FieldViolations* violations) {
  if (key.role() == v1::ROLE_SERVICE) {
    violations->push_back(
        {"key.role", "got ROLE_SERVICE, want another: the services' own key is a setting of theirs"});
  } else if (key.role() == v1::ROLE_UNSPECIFIED || !v1::Role_IsValid(key.role())) {
    violations->push_back({"key.role", "got none, want ROLE_PLATFORM, ROLE_VIEWER or ROLE_OPERATOR"});
  }
  const bool is_platform = key.role() == v1::ROLE_PLATFORM;
  if (is_platform && key.platform().empty())
    violations->push_back({"key.platform", "got none, want the id of the platform whose key it is"});
  if (!is_platform && !key.platform().empty())
    violations->push_back({"key.platform", StrCat("got one, want none without ROLE_PLATFORM")});
}

void CheckScopes(const v1::Key& key, FieldViolations* violations) {
  if (key.role() != v1::ROLE_VIEWER && !key.scopes().empty()) {
    violations->push_back({"key.scopes", "got some, want none without ROLE_VIEWER: the role says it all"});
    return;
  }
  for (int i = 0; i < key.scopes_size(); ++i) {
    if (access::IsScope(key.scopes(i))) continue;
    violations->push_back({StrCat("key.scopes[", i, "]"),
                           StrCat("got \"", absl::Utf8SafeCHexEscape(key.scopes(i).substr(0, 100)),
                                  "\", want one of those that docs/access.md lists")});
  }
}

void CheckExpireTime(const v1::Key& key, absl::Time now, FieldViolations* violations) {
  if (!key.has_expire_time()) return;
  if (key.expire_time().seconds() > kLastSecond) {
    violations->push_back(
        {"key.expire_time", "got a time after the year 9999, want none for a key without an end"});
  } else if (key.expire_time().seconds() < 0 || ToTime(key.expire_time()) <= now) {
    violations->push_back(
        {"key.expire_time", "got a time in the past, want one to come, or none; RevokeKey ends it now"});
  }
}

}  // namespace

std::string KeyName(absl::string_view id) { return StrCat(kCollection, id); }

absl::StatusOr<std::string> ParseKeyName(absl::string_view name, absl::string_view path) {
  absl::string_view id = name;
  if (!absl::ConsumePrefix(&id, kCollection) || id.size() != kIdSize ||
      id.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") != absl::string_view::npos) {
    // A secret may have been given in its place: it is not repeated.
    return InvalidField(path, "got another form, want keys/{id} with an id of 12 characters a-z and 2-7");
  }
  return std::string(id);
}

void CheckDisplayName(absl::string_view path, absl::string_view name, FieldViolations* violations) {
  const int count = CountCharacters(name);
  if (count > kMaxDisplayName) {
    violations->push_back(
        {std::string(path), StrCat("got ", count, " characters, want at most ", kMaxDisplayName)});
  } else if (name.find('\0') != absl::string_view::npos) {
    violations->push_back({std::string(path), "got a NUL character, want none"});
  }
}

void CheckAddresses(absl::string_view path, const google::protobuf::RepeatedPtrField<std::string>& addresses,
                    FieldViolations* violations) {
  if (addresses.size() > kMaxAddresses) {
    violations->push_back(
        {std::string(path), StrCat("got ", addresses.size(), ", want at most ", kMaxAddresses)});
    return;
  }
  for (int i = 0; i < addresses.size(); ++i) {
    const absl::Status status =
        addresses[i].size() > kMaxAddress
            ? absl::InvalidArgumentError("got a long text, want an address or a network")
            : access::ParseNetwork(addresses[i]).status();
    if (!status.ok()) violations->push_back({StrCat(path, "[", i, "]"), std::string(status.message())});
  }
}

void CheckMaxRate(absl::string_view path, double max_rate, FieldViolations* violations) {
  if (max_rate >= 0 && max_rate <= kMaxRate) return;  // NaN is out as well
  violations->push_back({std::string(path), StrCat("got ", max_rate, ", want 0 (no limit) to ",
                                                   static_cast<int64_t>(kMaxRate), " calls a second")});
}

absl::Status CheckKey(const v1::Key& key, absl::Time now) {
  FieldViolations violations;
  CheckRole(key, &violations);
  CheckScopes(key, &violations);
  CheckDisplayName("key.display_name", key.display_name(), &violations);
  CheckAddresses("key.allowed_addresses", key.allowed_addresses(), &violations);
  CheckMaxRate("key.max_rate", key.max_rate(), &violations);
  CheckExpireTime(key, now, &violations);
  return violations.empty() ? absl::OkStatus() : InvalidFields(violations).ToStatus();
}

absl::Status CheckMayGive(const v1::Principal& caller, const v1::Key& key) {
  if (caller.role() == v1::ROLE_SERVICE || caller.role() == v1::ROLE_OPERATOR) return absl::OkStatus();
  if (caller.role() != v1::ROLE_VIEWER) return GivesMoreThanItHas(caller.name(), "a key");
  if (key.role() == v1::ROLE_OPERATOR) return GivesMoreThanItHas(caller.name(), "the role of an operator");
  for (const std::string& scope : key.scopes()) {
    if (!access::HasScope(caller, scope)) return GivesMoreThanItHas(caller.name(), scope);
  }
  return absl::OkStatus();
}

}  // namespace cognate::platform_registry
