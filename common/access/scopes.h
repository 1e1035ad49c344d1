// What a caller may do: the scopes of keys and roles, as docs/access.md lists them.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/key.pb.h"

namespace cognate::access {

// What a method asks for beside the scopes that keys can have.
inline constexpr char kAnyone[] = "anyone";               // Without a key.
inline constexpr char kAnyPrincipal[] = "any principal";  // Whoever has shown who it is.
inline constexpr char kServices[] = "services";           // ROLE_SERVICE alone.
inline constexpr char kRead[] = "read";

// The scopes that a key can be given by name, in the order of the documentation.
absl::Span<const absl::string_view> Scopes();
bool IsScope(absl::string_view name);

// "platform", "viewer", "operator", "service"; and back: ROLE_UNSPECIFIED for another word.
std::string RoleWord(v1::Role role);
v1::Role ParseRole(absl::string_view word);

// Of its role and its own, sorted.
std::vector<std::string> EffectiveScopes(const v1::Principal& principal);
bool HasScope(const v1::Principal& principal, absl::string_view scope);

}  // namespace cognate::access
