// Checks and readers for texts that stand for something else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "cognate/v1/value.pb.h"

namespace cognate::value {

// The number of characters; nullopt if `text` is not UTF-8 or holds a NUL character, which PostgreSQL cannot
// store.
std::optional<size_t> CharacterCount(absl::string_view text);

// `2026-02-28`, a day that exists; years 1 to 9999.
bool IsDate(absl::string_view text);
// ISO 8601 or as PostgreSQL prints it: `2026-02-28[ T]12:34[:56[.123456]][Z|±hh[:mm]]`; without a zone it is
// UTC. Microseconds since 1970.
std::optional<int64_t> ParseTimestamp(absl::string_view text);
// Midnight UTC of an ISO date.
std::optional<int64_t> ParseDate(absl::string_view text);
// Lower-case 8-4-4-4-12.
std::optional<std::string> NormalUuid(absl::string_view text);
bool IsJson(absl::string_view text);

// JSON of a value: numbers and text as such, bytes and times as text, lists and maps recursively.
void AppendJson(const v1::Value& value, std::string* out);

}  // namespace cognate::value
