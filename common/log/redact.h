#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::log {

// Whether a value under this key must never be shown: the key contains password, token, secret,
// authorization, credential or private_key, in any case.
bool IsSecretKey(absl::string_view key);

// `value` with the password of every URI (`scheme://user:password@host`) and every `password=…` of a
// connection string replaced by `***`.
std::string MaskPasswords(absl::string_view value);

}  // namespace cognate::log
