// What strangers say, made fit to be stored and shown.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace cognate::text {

// The text's beginning, of at most `max_bytes` bytes and an ellipsis where something was cut: UTF-8 on one
// line. Control characters become spaces, and bytes that are not UTF-8 become U+FFFD.
std::string Excerpt(absl::string_view text, size_t max_bytes);

}  // namespace cognate::text
