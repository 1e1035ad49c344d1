#include "common/text/letter_case.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/uchar.h>

#include "absl/strings/ascii.h"
#include "common/text/code_points.h"

namespace cognate::text {
namespace {

constexpr char kRootLocale[] = "";

icu::StringPiece Piece(absl::string_view text) { return {text.data(), static_cast<int32_t>(text.size())}; }

// One code point in title case, of which some are several: `ß` is `Ss`.
void AppendTitle(absl::string_view letter, std::string* out) {
  if (letter.size() == 1) return out->push_back(absl::ascii_toupper(static_cast<unsigned char>(letter[0])));
  icu::StringByteSink<std::string> sink(out);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToTitle(kRootLocale, U_TITLECASE_WHOLE_STRING, nullptr, Piece(letter), sink, nullptr,
                            error);
}

bool IsApostrophe(int32_t code_point) { return code_point == '\'' || code_point == 0x2019; }

bool IsWordPart(int32_t code_point) {
  return u_isalnum(code_point) || (U_GET_GC_MASK(code_point) & U_GC_M_MASK) != 0;
}

}  // namespace

std::string ToLower(absl::string_view text) {
  if (IsAscii(text)) return absl::AsciiStrToLower(text);
  std::string lower;
  lower.reserve(text.size());
  icu::StringByteSink<std::string> sink(&lower);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToLower(kRootLocale, 0, Piece(text), sink, nullptr, error);
  return lower;
}

std::string ToUpper(absl::string_view text) {
  if (IsAscii(text)) return absl::AsciiStrToUpper(text);
  std::string upper;
  upper.reserve(text.size());
  icu::StringByteSink<std::string> sink(&upper);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToUpper(kRootLocale, 0, Piece(text), sink, nullptr, error);
  return upper;
}

std::string ToTitle(absl::string_view text) {
  // In lower case first, and whole: a sigma at the end of a word has its own form.
  const std::string lower = ToLower(text);
  std::string title;
  title.reserve(lower.size());
  bool in_word = false;
  for (size_t at = 0; at < lower.size();) {
    const size_t begin = at;
    const int32_t code_point = NextCodePoint(lower, &at);
    const absl::string_view letter = absl::string_view(lower).substr(begin, at - begin);
    const bool word_part = IsWordPart(code_point);
    if (word_part && !in_word) {
      AppendTitle(letter, &title);
    } else {
      title.append(letter.data(), letter.size());
    }
    in_word = word_part || (in_word && IsApostrophe(code_point));
  }
  return title;
}

std::string Capitalize(absl::string_view text) {
  size_t begin = 0;
  for (size_t at = 0; at < text.size(); begin = at) {
    if (u_isalnum(NextCodePoint(text, &at))) {
      std::string capitalized(text.substr(0, begin));
      AppendTitle(text.substr(begin, at - begin), &capitalized);
      return capitalized.append(text.data() + at, text.size() - at);
    }
  }
  return std::string(text);
}

}  // namespace cognate::text
