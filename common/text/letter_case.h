// Large and small letters of every script, without regard to language (ICU's root locale: `I` is small `i`
// everywhere). What is not UTF-8 stays as it is. Thread safe, as is everything in this library.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::text {

std::string ToLower(absl::string_view text);
std::string ToUpper(absl::string_view text);
// The first letter of each word large, the rest small. A word goes on through apostrophes: `Don't`, not
// `Don'T`.
std::string ToTitle(absl::string_view text);
// The first letter large, the rest as it is. Leading quotes and spaces are passed over.
std::string Capitalize(absl::string_view text);

}  // namespace cognate::text
