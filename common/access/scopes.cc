#include "common/access/scopes.h"

#include <algorithm>
#include <array>

namespace cognate::access {
namespace {

constexpr std::array<absl::string_view, 12> kScopes = {
    kRead,           "platforms.manage", "sync.manage",       "runs.execute",
    "records.write", "records.restore",  "conflicts.resolve", "troubles.manage",
    "events.manage", "audit.read",       "secrets.rotate",    "keys.manage"};

constexpr std::array<std::pair<v1::Role, absl::string_view>, 4> kRoles = {
    std::pair<v1::Role, absl::string_view>{v1::ROLE_PLATFORM, "platform"},
    {v1::ROLE_VIEWER, "viewer"},
    {v1::ROLE_OPERATOR, "operator"},
    {v1::ROLE_SERVICE, "service"}};

bool HasAll(const v1::Principal& principal) {
  return principal.role() == v1::ROLE_OPERATOR || principal.role() == v1::ROLE_SERVICE;
}

}  // namespace

absl::Span<const absl::string_view> Scopes() { return kScopes; }

bool IsScope(absl::string_view name) {
  return std::find(kScopes.begin(), kScopes.end(), name) != kScopes.end();
}

std::string RoleWord(v1::Role role) {
  for (const auto& [known, word] : kRoles) {
    if (known == role) return std::string(word);
  }
  return "";
}

v1::Role ParseRole(absl::string_view word) {
  for (const auto& [role, known] : kRoles) {
    if (known == word) return role;
  }
  return v1::ROLE_UNSPECIFIED;
}

std::vector<std::string> EffectiveScopes(const v1::Principal& principal) {
  std::vector<std::string> scopes;
  for (const absl::string_view scope : kScopes) {
    if (HasScope(principal, scope)) scopes.emplace_back(scope);
  }
  std::sort(scopes.begin(), scopes.end());
  return scopes;
}

bool HasScope(const v1::Principal& principal, absl::string_view scope) {
  if (principal.role() == v1::ROLE_SERVICE) return true;
  if (scope == kServices) return false;
  if (HasAll(principal)) return true;
  if (scope == kRead && principal.role() == v1::ROLE_VIEWER) return true;
  return std::find(principal.scopes().begin(), principal.scopes().end(), scope) != principal.scopes().end();
}

}  // namespace cognate::access
