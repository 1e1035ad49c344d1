// Characters of HTML by name and number, for the library's own sources; see strip_tags.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace cognate::text {

inline constexpr size_t kLongestEntityName = 8;

// The code point of `auml`; 0 if there is no such name.
int32_t NamedEntity(absl::string_view name);
// The code point that browsers show for `&#number;`.
int32_t NumericEntity(int64_t number);

}  // namespace cognate::text
