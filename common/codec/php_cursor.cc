#include "common/codec/php_cursor.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/codec/nesting.h"

namespace cognate::codec {
namespace {

constexpr size_t kLongestWord = 400;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool ParsePhpDouble(absl::string_view word, double* number) {
  if (word == "NAN") return *number = std::numeric_limits<double>::quiet_NaN(), true;
  if (word == "INF") return *number = HUGE_VAL, true;
  if (word == "-INF") return *number = -HUGE_VAL, true;
  if (word.find_first_not_of("0123456789.eE+-") != absl::string_view::npos) return false;
  if (!word.empty() && word[0] == '+') word.remove_prefix(1);
  const char* const end = word.data() + word.size();
  const std::from_chars_result result = std::from_chars(word.data(), end, *number);
  return result.ec == std::errc() && result.ptr == end;
}

bool PhpCursor::TakeType(char type) {
  if (at_ + 1 >= text_.size() || text_[at_] != type || text_[at_ + 1] != ':') return false;
  at_ += 2;
  return true;
}

bool PhpCursor::Take(char c) {
  if (AtEnd() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool PhpCursor::TakeUpTo(char end, absl::string_view* word) {
  const size_t found = text_.substr(at_, kLongestWord).find(end);
  if (found == absl::string_view::npos) return false;
  *word = text_.substr(at_, found);
  at_ += found + 1;
  return true;
}

bool PhpCursor::TakeInteger(char end, int64_t* number) {
  const size_t begin = at_;
  absl::string_view word;
  if (TakeUpTo(end, &word) && !word.empty()) {
    const absl::string_view digits = word.substr(word[0] == '-' || word[0] == '+' ? 1 : 0);
    if (!digits.empty() && std::all_of(digits.begin(), digits.end(), IsDigit) &&
        absl::SimpleAtoi(word, number)) {
      return true;
    }
  }
  at_ = begin;
  return false;
}

bool PhpCursor::TakeBool(bool* truth) {
  const absl::string_view word = text_.substr(at_, 4);
  if (word != "b:0;" && word != "b:1;") return false;
  *truth = word[2] == '1';
  at_ += word.size();
  return true;
}

bool PhpCursor::TakeDouble(char end, double* number) {
  const size_t begin = at_;
  absl::string_view word;
  if (TakeUpTo(end, &word) && ParsePhpDouble(word, number)) return true;
  at_ = begin;
  return false;
}

bool PhpCursor::TakeCount(char end, size_t* count) {
  const size_t begin = at_;
  int64_t number;
  if (IsDigit(Peek()) && TakeInteger(end, &number) && static_cast<uint64_t>(number) <= text_.size() - at_) {
    *count = static_cast<size_t>(number);
    return true;
  }
  at_ = begin;
  return false;
}

bool PhpCursor::TakeBytes(size_t count, absl::string_view* bytes) {
  if (count > text_.size() - at_) return false;
  *bytes = text_.substr(at_, count);
  at_ += count;
  return true;
}

bool PhpCursor::TakeQuoted(absl::string_view* content) {
  size_t size;
  return TakeCount(':', &size) && Take('"') && TakeBytes(size, content) && Take('"');
}

bool PhpCursor::AtObject() const {
  PhpCursor ahead = *this;
  int64_t number;
  if (ahead.TakeType('r') || ahead.TakeType('R')) return ahead.TakeInteger(';', &number);
  absl::string_view name;
  return (ahead.TakeType('O') || ahead.TakeType('C') || ahead.TakeType('E')) && ahead.TakeQuoted(&name);
}

absl::Status PhpCursor::Malformed(absl::string_view want) const {
  const std::string got =
      AtEnd() ? "the end of the text" : absl::StrCat("\"", absl::CHexEscape(text_.substr(at_, 12)), "\"");
  return absl::InvalidArgumentError(absl::StrCat("NOT_ENCODED: got ", got, " at byte ", at_, ", want ", want,
                                                 "; PHP did not serialize this text"));
}

absl::Status PhpCursor::TooDeep() const {
  return absl::InvalidArgumentError(absl::StrCat("NOT_ENCODED: got arrays nested deeper than ", kMaxNesting,
                                                 " at byte ", at_, ", want at most as deep"));
}

}  // namespace cognate::codec
