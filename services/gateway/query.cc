#include "services/gateway/query.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"

namespace cognate::gateway {
namespace {

bool Decode(absl::string_view text, std::string* decoded) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded->push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    const absl::string_view digits = text.substr(i + 1, 2);
    if (digits.size() != 2 || !absl::ascii_isxdigit(static_cast<unsigned char>(digits[0])) ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(digits[1]))) {
      return false;
    }
    decoded->append(absl::HexStringToBytes(digits));
    i += 2;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> QueryValue(absl::string_view query, absl::string_view name) {
  for (const absl::string_view pair : absl::StrSplit(query, '&')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (parts.first != name) continue;
    std::string value;
    if (Decode(parts.second, &value)) return value;
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "the query cannot be decoded")
        .Violation(name, "a % is not followed by two hexadecimal digits");
  }
  return std::string();
}

}  // namespace cognate::gateway
