#include "common/text/excerpt.h"

#include "common/text/code_points.h"

namespace cognate::text {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

bool IsControl(int32_t code_point) { return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0); }

}  // namespace

std::string Excerpt(absl::string_view text, size_t max_bytes) {
  std::string excerpt;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const int32_t code_point = NextCodePoint(text, &at);
    absl::string_view piece = text.substr(begin, at - begin);
    if (code_point >= kFirstBadByte) piece = kReplacement;
    if (IsControl(code_point)) piece = " ";
    if (excerpt.size() + piece.size() > max_bytes) return excerpt + "…";
    excerpt.append(piece.data(), piece.size());
  }
  return excerpt;
}

}  // namespace cognate::text
