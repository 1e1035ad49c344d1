// What stands at both ends of a text.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::text {

// Without the `characters` (each code point is one) at both ends; empty: Unicode white space. A byte that is
// not UTF-8 is a character of its own.
std::string Trim(absl::string_view text, absl::string_view characters);

}  // namespace cognate::text
