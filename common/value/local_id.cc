#include "common/value/local_id.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/value/canonical_text.h"
#include "common/value/fingerprint.h"
#include "common/value/value.h"

namespace cognate::value {
namespace {

template <typename Parts>
std::string Encode(const Parts& parts) {
  if (parts.size() == 1) return std::string(parts[0]);
  std::string id;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) id.push_back(',');
    for (const char c : parts[i]) {
      if (c == ',' || c == '\\') id.push_back('\\');
      id.push_back(c);
    }
  }
  return id;
}

}  // namespace

std::string EncodeLocalId(absl::Span<const absl::string_view> parts) { return Encode(parts); }
std::string EncodeLocalId(absl::Span<const std::string> parts) { return Encode(parts); }

absl::StatusOr<std::vector<std::string>> DecodeLocalId(absl::string_view local_id, size_t columns) {
  if (columns == 1) return std::vector<std::string>{std::string(local_id)};
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < local_id.size(); ++i) {
    if (local_id[i] == ',') {
      parts.emplace_back();
    } else if (local_id[i] == '\\' && i + 1 < local_id.size()) {
      parts.back().push_back(local_id[++i]);
    } else {
      parts.back().push_back(local_id[i]);
    }
  }
  if (parts.size() == columns) return parts;
  return absl::InvalidArgumentError(
      absl::StrCat("local id: got ", parts.size(), " parts in \"", local_id, "\", want ", columns));
}

std::string FitLocalId(std::string local_id) {
  constexpr size_t kShownBytes = 400;
  if (!local_id.empty() && local_id.size() <= kMaxLocalIdBytes) return local_id;
  size_t shown = std::min(local_id.size(), kShownBytes);
  const auto is_continuation = [&](size_t at) { return (static_cast<uint8_t>(local_id[at]) & 0xC0) == 0x80; };
  while (shown > 0 && shown < local_id.size() && is_continuation(shown)) --shown;
  return absl::StrCat(local_id.substr(0, shown), "…", absl::BytesToHexString(Digest(local_id)));
}

absl::StatusOr<std::string> LocalIdText(const v1::Value& value) {
  std::string text;
  if (AppendCanonicalText(value, &text)) return text;
  return absl::InvalidArgumentError(absl::StrCat("local id: got ", Describe(value), ", want a single value"));
}

}  // namespace cognate::value
