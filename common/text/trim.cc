#include "common/text/trim.h"

#include <algorithm>
#include <vector>

#include <unicode/uchar.h>

#include "common/text/code_points.h"

namespace cognate::text {
namespace {

template <typename Goes>
std::string TrimIf(absl::string_view text, Goes goes) {
  size_t begin = 0;
  for (size_t at = 0; at < text.size() && goes(NextCodePoint(text, &at)); begin = at) {
  }
  size_t end = text.size();
  for (size_t at = end; at > begin && goes(PreviousCodePoint(text, &at)); end = at) {
  }
  return std::string(text.substr(begin, end - begin));
}

}  // namespace

std::string Trim(absl::string_view text, absl::string_view characters) {
  if (characters.empty()) {
    return TrimIf(text, [](int32_t code_point) { return u_isUWhiteSpace(code_point) != 0; });
  }
  std::vector<int32_t> sorted;
  for (size_t at = 0; at < characters.size();) sorted.push_back(NextCodePoint(characters, &at));
  std::sort(sorted.begin(), sorted.end());
  return TrimIf(
      text, [&](int32_t code_point) { return std::binary_search(sorted.begin(), sorted.end(), code_point); });
}

}  // namespace cognate::text
