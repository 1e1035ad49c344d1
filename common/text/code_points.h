// Steps through UTF-8, for the library's own sources. A byte that is not UTF-8 is a code point of its own,
// beyond Unicode.
#pragma once

#include <cstddef>
#include <cstdint>

#include <unicode/utf8.h>

#include "absl/strings/string_view.h"

namespace cognate::text {

inline constexpr int32_t kFirstBadByte = 0x110000;

// The code point at `*at`, which moves behind it. `*at` is within the text.
inline int32_t NextCodePoint(absl::string_view text, size_t* at) {
  const auto first = static_cast<unsigned char>(text[*at]);
  if (first < 0x80) return ++*at, first;
  auto index = static_cast<int32_t>(*at);
  UChar32 code_point;
  U8_NEXT(text.data(), index, static_cast<int32_t>(text.size()), code_point);
  if (code_point < 0) return ++*at, kFirstBadByte + first;
  *at = static_cast<size_t>(index);
  return code_point;
}

// The code point that ends at `*at`, which moves before it. `*at` is not 0.
inline int32_t PreviousCodePoint(absl::string_view text, size_t* at) {
  const auto last = static_cast<unsigned char>(text[*at - 1]);
  if (last < 0x80) return --*at, last;
  auto index = static_cast<int32_t>(*at);
  UChar32 code_point;
  U8_PREV(text.data(), 0, index, code_point);
  if (code_point < 0) return --*at, kFirstBadByte + last;
  *at = static_cast<size_t>(index);
  return code_point;
}

inline bool IsAscii(absl::string_view text) {
  unsigned char seen = 0;
  for (const char c : text) seen |= static_cast<unsigned char>(c);
  return seen < 0x80;
}

// The number of code points.
inline size_t CountCodePoints(absl::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) NextCodePoint(text, &at);
  return count;
}

// Where the code point number `count` begins; the end of the text if it has no more than those.
inline size_t OffsetOf(absl::string_view text, size_t count) {
  size_t at = 0;
  while (count > 0 && at < text.size()) NextCodePoint(text, &at), --count;
  return at;
}

}  // namespace cognate::text
