// Percent-encoding as S3 signs it, and the hashes of signatures.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace cognate::s3 {

// Every byte but `A-Z a-z 0-9 - . _ ~` as %XX, in capitals: a blank is %20, never `+`.
std::string Encode(absl::string_view text);
// The same, but `/` stays. Nothing is normalized: to S3 `a//b` and `a/../b` are keys like any other.
std::string EncodePath(absl::string_view path);
// What lists say with encoding-type=url: %XX, and `+` for a blank. Nothing where a % is not followed by two
// digits.
std::optional<std::string> Decode(absl::string_view text);

std::string Sha256Hex(absl::string_view data);
std::string HmacSha256(absl::string_view key, absl::string_view data);
std::string ToHex(absl::string_view bytes);

}  // namespace cognate::s3
