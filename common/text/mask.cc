#include "common/text/mask.h"

#include <algorithm>

#include "common/text/code_points.h"

namespace cognate::text {

std::string Mask(absl::string_view text, int keep_first, int keep_last, absl::string_view character) {
  if (character.empty()) character = "*";
  const size_t count = CountCodePoints(text);
  auto first = static_cast<size_t>(std::max(keep_first, 0));
  auto last = static_cast<size_t>(std::max(keep_last, 0));
  if (count <= first + last) first = last = 0;
  std::string masked(text.substr(0, OffsetOf(text, first)));
  masked.reserve(masked.size() + (count - first - last) * character.size());
  for (size_t i = first; i < count - last; ++i) masked.append(character.data(), character.size());
  size_t end = text.size();
  for (size_t i = 0; i < last; ++i) PreviousCodePoint(text, &end);
  return masked.append(text.data() + end, text.size() - end);
}

}  // namespace cognate::text
