#include "common/text/url_trie.h"

#include <algorithm>

#include <unicode/uchar.h>

#include "absl/strings/ascii.h"
#include "common/text/code_points.h"

namespace cognate::text {
namespace {

constexpr absl::string_view kUnreserved = "-._~";
// What may stand in a name, or end a sentence.
constexpr absl::string_view kSoft = ".:-_~+=$";

bool IsAlnum(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }

int HexDigit(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c)) ? c - '0'
         : absl::ascii_isxdigit(static_cast<unsigned char>(c))
             ? absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10
             : -1;
}

// The character at `at` as it stands in the URL itself.
UrlCharacter ReadOwn(absl::string_view text, size_t at, const UrlStyle& style) {
  const char c = text[at];
  UrlStyle found;
  UrlCharacter escaped;
  if (style.percent && c == '%' && ReadPercent(text, at, &found, &escaped) && found.times == style.times) {
    return escaped;
  }
  if (c == '\\' && style.backslashes > 0) {
    const absl::string_view run = text.substr(at, style.backslashes + 1);
    if (run.size() == style.backslashes + 1 && run.find_first_not_of('\\') == style.backslashes &&
        run.back() == '/') {
      return {'/', run.size()};
    }
  }
  return {static_cast<unsigned char>(c), 1};
}

UrlCharacter ReadJsonEscape(absl::string_view text, size_t at) {
  const size_t end = std::min(text.find_first_not_of('\\', at), text.size());
  if (end == text.size()) return {'"', end - at};
  const char c = text[end];
  if (absl::string_view("bfnrt").find(c) != absl::string_view::npos) return {' ', end + 1 - at};
  if (c != 'u') return {c == '/' ? '/' : '"', end + 1 - at};
  int32_t code_point = 0;
  for (size_t i = 1; i <= 4; ++i) {
    const int digit = end + i < text.size() ? HexDigit(text[end + i]) : -1;
    if (digit < 0) return {'"', end + 1 - at};
    code_point = code_point * 16 + digit;
  }
  return {code_point, end + 5 - at};
}

// The character at `at`, be it the URL's or of what stands around it.
UrlCharacter ReadNext(absl::string_view text, size_t at, const UrlStyle& style) {
  if (at >= text.size()) return {UrlCharacter::kNone, 0};
  if (text[at] == '\\') return ReadJsonEscape(text, at);
  if (static_cast<unsigned char>(text[at]) < 0x80) return ReadOwn(text, at, style);
  size_t end = at;
  const int32_t code_point = NextCodePoint(text, &end);
  return {code_point, end - at};
}

// Whether a host or a segment of a path would go on with this character.
bool GoesOn(int32_t code_point) {
  if (code_point == UrlCharacter::kNone) return false;
  if (code_point < 0x80) {
    const auto c = static_cast<char>(code_point);
    return IsAlnum(c) || c == '@' || c == '%';
  }
  return code_point >= kFirstBadByte || u_isalnum(code_point) ||
         (U_GET_GC_MASK(code_point) & U_GC_M_MASK) != 0;
}

bool IsSoft(int32_t code_point) {
  return code_point > 0 && code_point < 0x80 &&
         kSoft.find(static_cast<char>(code_point)) != absl::string_view::npos;
}

bool IsWholeBefore(absl::string_view text, size_t at, bool in_path, const UrlStyle& style) {
  UrlCharacter next = ReadNext(text, at, style);
  const bool soft = IsSoft(next.code_point);
  while (IsSoft(next.code_point)) next = ReadNext(text, at += next.bytes, style);
  if (soft && in_path && next.code_point == '/') return false;
  return !GoesOn(next.code_point);
}

}  // namespace

bool ReadPercent(absl::string_view text, size_t at, UrlStyle* style, UrlCharacter* character) {
  size_t digits = at + 1;
  size_t times = 0;
  while (text.substr(digits, 2) == "25" && digits + 3 < text.size() && HexDigit(text[digits + 2]) >= 0 &&
         HexDigit(text[digits + 3]) >= 0) {
    digits += 2;
    ++times;
  }
  if (digits + 1 >= text.size()) return false;
  const int high = HexDigit(text[digits]);
  const int low = HexDigit(text[digits + 1]);
  if (high < 0 || low < 0) return false;
  *style = {0, true, times,
            absl::ascii_isupper(static_cast<unsigned char>(text[digits])) ||
                absl::ascii_isupper(static_cast<unsigned char>(text[digits + 1]))};
  *character = {high * 16 + low, digits + 2 - at};
  return true;
}

void UrlStyle::Append(char c, std::string* out) const {
  if (percent && !IsAlnum(c) && kUnreserved.find(c) == absl::string_view::npos) {
    const char* const hex = large ? "0123456789ABCDEF" : "0123456789abcdef";
    out->push_back('%');
    for (size_t i = 0; i < times; ++i) out->append("25");
    out->push_back(hex[static_cast<unsigned char>(c) >> 4]);
    out->push_back(hex[static_cast<unsigned char>(c) & 15]);
    return;
  }
  if (c == '/') out->append(backslashes, '\\');
  out->push_back(c);
}

bool UrlTrie::Add(absl::string_view url, int rule) {
  uint32_t node = 0;
  for (const char c : url) {
    const uint64_t key = uint64_t{node} << 8 | static_cast<unsigned char>(c);
    const auto [child, added] = children_.try_emplace(key, static_cast<uint32_t>(rules_.size()));
    node = child->second;
    if (added) rules_.push_back(-1);
  }
  if (rules_[node] >= 0) return false;
  rules_[node] = rule;
  return true;
}

UrlTrie::Match UrlTrie::Find(absl::string_view text, size_t at, const UrlStyle& style) const {
  Match match;
  uint32_t node = 0;
  bool in_path = false;
  while (at < text.size()) {
    const UrlCharacter next = ReadOwn(text, at, style);
    auto byte = static_cast<unsigned char>(next.code_point);
    if (!in_path) byte = absl::ascii_tolower(byte);
    const auto child = children_.find(uint64_t{node} << 8 | byte);
    if (child == children_.end()) break;
    node = child->second;
    at += next.bytes;
    in_path = in_path || byte == '/';
    if (rules_[node] >= 0 && IsWholeBefore(text, at, in_path, style)) match = {rules_[node], at};
  }
  return match;
}

}  // namespace cognate::text
