#include "common/condition/lexer.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/condition/condition.h"
#include "common/status/status_macros.h"
#include "common/value/canonical_text.h"
#include "common/value/parse.h"

namespace cognate::condition {
namespace {

using Kind = Token::Kind;

constexpr size_t kShownBytes = 40;
// Words that cannot name a field without backticks.
constexpr std::array<absl::string_view, 12> kReserved = {
    "and", "or", "not", "in", "is", "contains", "starts", "ends", "null", "matches", "true", "false"};

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// The code point at `offset` of checked UTF-8, and its length.
UChar32 CodePointAt(absl::string_view text, size_t offset, size_t* length) {
  auto place = static_cast<int32_t>(offset);
  UChar32 code_point;
  U8_NEXT_OR_FFFD(reinterpret_cast<const uint8_t*>(text.data()), place, static_cast<int32_t>(text.size()),
                  code_point);
  *length = static_cast<size_t>(place) - offset;
  return code_point;
}

// The length of the letters, digits and _ that begin at `offset`.
size_t WordLength(absl::string_view text, size_t offset) {
  size_t end = offset;
  while (end < text.size()) {
    size_t length;
    const UChar32 code_point = CodePointAt(text, end, &length);
    const bool fits = code_point == '_' || u_isalpha(code_point) || (end > offset && u_isdigit(code_point));
    if (!fits) break;
    end += length;
  }
  return end - offset;
}

class Lexer {
 public:
  explicit Lexer(absl::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Token>> Run() {
    tokens_.reserve(text_.size() / 4 + 2);
    while (SkipSpace(), place_ < text_.size()) {
      Token token;
      token.offset = place_;
      RETURN_IF_ERROR(Take(&token));
      token.source = text_.substr(token.offset, place_ - token.offset);
      if (token.kind != Kind::kName && token.kind != Kind::kText) token.text = std::string(token.source);
      tokens_.push_back(std::move(token));
    }
    Token end;
    end.offset = text_.size();
    tokens_.push_back(std::move(end));
    return std::move(tokens_);
  }

 private:
  char At(size_t place) const { return place < text_.size() ? text_[place] : '\0'; }

  void SkipSpace() {
    while (place_ < text_.size() && absl::StrContains(" \t\r\n", text_.substr(place_, 1))) ++place_;
  }

  absl::Status Take(Token* token) {
    const char c = At(place_);
    if (c == '"' || c == '\'') return TakeText(c, token);
    if (c == '`') return TakeName(token);
    if (IsDigit(c) || (c == '-' && IsDigit(At(place_ + 1)))) return TakeNumber(token);
    if (const size_t length = WordLength(text_, place_); length > 0) {
      token->kind = Kind::kWord;
      place_ += length;
      return absl::OkStatus();
    }
    token->kind = Kind::kSymbol;
    size_t length;
    CodePointAt(text_, place_, &length);
    const auto end = std::min(text_.find_first_not_of("=<>!&|~", place_), text_.size());
    place_ = std::max(end, place_ + length);
    return absl::OkStatus();
  }

  absl::Status TakeNumber(Token* token) {
    token->kind = Kind::kNumber;
    const size_t start = place_++;
    const auto is_part = [&](char c) {
      const char before = absl::ascii_tolower(static_cast<unsigned char>(At(place_ - 1)));
      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' ||
             ((c == '+' || c == '-') && before == 'e');
    };
    while (is_part(At(place_))) ++place_;
    const absl::string_view number = text_.substr(start, place_ - start);
    if (value::IsDecimal(number) && !absl::EndsWith(number, ".")) return absl::OkStatus();
    return ErrorAt(
        text_, start,
        absl::StrCat("got \"", number.substr(0, kShownBytes), "\", want a number such as -12.50 or 1e3"));
  }

  absl::Status TakeName(Token* token) {
    token->kind = Kind::kName;
    const size_t start = place_++;
    for (; place_ < text_.size(); ++place_) {
      if (text_[place_] == '`' && At(++place_) != '`') {
        if (!token->text.empty()) return absl::OkStatus();
        return ErrorAt(text_, start, "got ``, want a field's name between the backticks");
      }
      token->text.push_back(text_[place_]);
    }
    return ErrorAt(text_, start,
                   "got a name without an end, want a backtick after it; one in a name is written twice");
  }

  absl::Status TakeText(char quote, Token* token) {
    token->kind = Kind::kText;
    const size_t start = place_++;
    while (place_ < text_.size()) {
      const char c = text_[place_];
      if (c == '\\') {
        RETURN_IF_ERROR(TakeEscape(token));
        continue;
      }
      ++place_;
      if (c == quote) return absl::OkStatus();
      token->text.push_back(c);
    }
    return ErrorAt(text_, start,
                   absl::StrCat("got a text without an end, want ", std::string(1, quote), " after it"));
  }

  absl::Status TakeEscape(Token* token) {
    static constexpr absl::string_view kEscapes = "n\nt\t\\\\\"\"''";
    const size_t start = place_++;
    const char c = At(place_);
    if (c == 'u') return TakeCodePoint(start, token);
    for (size_t i = 0; i < kEscapes.size(); i += 2) {
      if (place_ < text_.size() && kEscapes[i] == c) {
        ++place_;
        token->text.push_back(kEscapes[i + 1]);
        return absl::OkStatus();
      }
    }
    size_t length = 0;
    if (place_ < text_.size()) CodePointAt(text_, place_, &length);
    return ErrorAt(
        text_, start,
        absl::StrCat("got ", text_.substr(start, 1 + length),
                     ", want one of \\n \\t \\\\ \\\" \\' \\u{…}; a backslash itself is written \\\\"));
  }

  // \u{1F600}
  absl::Status TakeCodePoint(size_t start, Token* token) {
    const size_t end = text_.find('}', place_);
    const bool has_braces = At(++place_) == '{' && end != absl::string_view::npos;
    const absl::string_view digits = has_braces ? text_.substr(place_ + 1, end - place_ - 1) : "";
    const bool is_hex =
        !digits.empty() && digits.size() <= 6 && std::all_of(digits.begin(), digits.end(), [](char c) {
          return absl::ascii_isxdigit(static_cast<unsigned char>(c));
        });
    const auto code_point =
        static_cast<UChar32>(is_hex ? std::strtol(std::string(digits).c_str(), nullptr, 16) : 0);
    if (code_point == 0 || code_point > 0x10FFFF || U_IS_SURROGATE(code_point)) {
      return ErrorAt(text_, start,
                     "got \\u without a character, want its code point such as \\u{e9} or \\u{1F600}");
    }
    uint8_t bytes[U8_MAX_LENGTH];
    int32_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, code_point);
    token->text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
    place_ = end + 1;
    return absl::OkStatus();
  }

  const absl::string_view text_;
  size_t place_ = 0;
  std::vector<Token> tokens_;
};

std::string Cut(absl::string_view text) {
  if (text.size() <= kShownBytes) return std::string(text);
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "…");
}

}  // namespace

absl::Status ErrorAt(absl::string_view text, size_t offset, absl::string_view message) {
  const absl::string_view before = text.substr(0, offset);
  const auto column = 1 + std::count_if(before.begin(), before.end(), [](char byte) {
                        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
                      });
  return absl::InvalidArgumentError(absl::StrCat("column ", column, ": ", message));
}

std::string Shown(const Token& token) {
  switch (token.kind) {
    case Kind::kEnd:
      return "the end";
    case Kind::kText:
      return absl::StrCat("the text ", Cut(token.source));
    case Kind::kName:
    case Kind::kNumber:
      return Cut(token.source);
    default:
      return absl::StrCat("\"", Cut(token.source), "\"");
  }
}

absl::StatusOr<std::vector<Token>> TakeApart(absl::string_view text) {
  if (text.size() > kMaxConditionBytes) {
    return ErrorAt(text, 0, absl::StrCat("got ", text.size(), " bytes, want at most ", kMaxConditionBytes));
  }
  if (!value::CharacterCount(text).has_value()) {
    return absl::InvalidArgumentError(
        "column 1: got a condition that is no UTF-8 or has a NUL character, want UTF-8");
  }
  return Lexer(text).Run();
}

bool IsPlainName(absl::string_view name) {
  return !name.empty() && WordLength(name, 0) == name.size() &&
         std::find(kReserved.begin(), kReserved.end(), name) == kReserved.end();
}

std::string WrittenName(absl::string_view name) {
  if (IsPlainName(name)) return std::string(name);
  return absl::StrCat("`", absl::StrReplaceAll(name, {{"`", "``"}}), "`");
}

}  // namespace cognate::condition
