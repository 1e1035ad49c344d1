// How the secrets of keys and tokens are written: `cgk_<id>_<secret><check>`. The id is in the key's name;
// the check tells junk apart without a look-up, and keeps scanners for leaked secrets from crying wolf.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace cognate::access {

inline constexpr char kKeyPrefix[] = "cgk";    // Of keys.
inline constexpr char kTokenPrefix[] = "cgt";  // Of tokens for enrolment.

struct NewSecret {
  std::string id;    // 12 characters a-z and 2-7
  std::string text;  // what its owner keeps
};

// From the system's random numbers: 60 bits of id and 256 bits of secret.
NewSecret MakeSecret(absl::string_view prefix);

// The id in a well-formed text of this prefix; nullopt for everything else.
std::optional<std::string> SecretId(absl::string_view prefix, absl::string_view text);

// Whether it is written as a key is; says nothing of whether there is such a key.
bool LooksLikeKey(absl::string_view text);

// What is stored of a text: its SHA-256. The text is random to 256 bits, so that nothing is gained by a slow
// hash: there are no likely texts to try.
std::string HashSecret(absl::string_view text);

// In a time that does not depend on where they differ.
bool IsSameHash(absl::string_view left, absl::string_view right);

}  // namespace cognate::access
