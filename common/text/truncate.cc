#include "common/text/truncate.h"

#include <algorithm>

#include <unicode/uchar.h>

#include "common/text/code_points.h"

namespace cognate::text {
namespace {

// What a reader sees as one character is rarely longer; of what is, nobody sees where it was cut.
constexpr int kLongestCharacter = 32;
constexpr int32_t kZeroWidthJoiner = 0x200D;

bool IsSpace(int32_t code_point) { return u_isUWhiteSpace(code_point) != 0; }

bool GoesOn(int32_t code_point) {
  return code_point == kZeroWidthJoiner || u_hasBinaryProperty(code_point, UCHAR_GRAPHEME_EXTEND) ||
         u_hasBinaryProperty(code_point, UCHAR_EMOJI_MODIFIER);
}

// The last place up to `end` where no character of the reader is cut apart.
size_t BetweenCharacters(absl::string_view text, size_t end) {
  size_t place = end;
  for (int steps = 0; steps < kLongestCharacter && place > 0; ++steps) {
    size_t after = place;
    const int32_t next = NextCodePoint(text, &after);
    size_t before = place;
    const int32_t previous = PreviousCodePoint(text, &before);
    if (!GoesOn(next) && previous != kZeroWidthJoiner) return place;
    place = before;
  }
  return end;
}

// The end of the last word that is whole before `end`; `end` itself if that is the first word.
size_t AfterLastWord(absl::string_view text, size_t end) {
  size_t after = end;
  bool in_word = end < text.size() && !IsSpace(NextCodePoint(text, &after));
  size_t place = end;
  while (place > 0) {
    size_t before = place;
    const bool space = IsSpace(PreviousCodePoint(text, &before));
    if (!space && !in_word) return place;
    if (space) in_word = false;
    place = before;
  }
  return end;
}

}  // namespace

std::string Truncate(absl::string_view text, int max_characters, absl::string_view ellipsis, bool at_word) {
  const auto most = static_cast<size_t>(std::max(max_characters, 0));
  if (OffsetOf(text, most) == text.size()) return std::string(text);
  const size_t ellipsis_count = CountCodePoints(ellipsis);
  if (ellipsis_count >= most) return std::string(ellipsis.substr(0, OffsetOf(ellipsis, most)));
  const size_t cut = OffsetOf(text, most - ellipsis_count);
  size_t end = BetweenCharacters(text, cut);
  if (at_word) end = AfterLastWord(text, end);
  std::string truncated(text.substr(0, end));
  return truncated.append(ellipsis.data(), ellipsis.size());
}

}  // namespace cognate::text
