#include <cstdint>

#include <unicode/utf8.h>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/codec/json.h"
#include "common/codec/map_builder.h"
#include "common/codec/nesting.h"
#include "common/status/status_macros.h"
#include "common/value/canonical_text.h"
#include "common/value/parse.h"

namespace cognate::codec {
namespace {

constexpr size_t kMaxNumberBytes = 1000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Its own, not nlohmann's: that one reads every fraction as a double first, and refuses 1e400.
class Reader {
 public:
  explicit Reader(absl::string_view json) : json_(json) {}

  absl::StatusOr<v1::Value> Run() {
    if (!value::CharacterCount(json_).has_value())
      return absl::InvalidArgumentError(
          "NOT_ENCODED: got bytes that are not UTF-8, or a NUL character; want a JSON text in UTF-8");
    v1::Value value;
    RETURN_IF_ERROR(ReadValue(0, &value));
    SkipSpaces();
    if (at_ < json_.size()) return Wanted("the end of the text");
    return value;
  }

 private:
  absl::Status Wanted(absl::string_view want) const {
    const std::string got = at_ >= json_.size() ? "the end of the text" : absl::StrCat("\"", Shown(), "\"");
    return absl::InvalidArgumentError(
        absl::StrCat("NOT_ENCODED: got ", got, " at byte ", at_, ", want ", want, "; the text is no JSON"));
  }
  absl::string_view Shown() const {
    size_t end = std::min(at_ + 12, json_.size());
    while (end < json_.size() && (static_cast<unsigned char>(json_[end]) & 0xC0) == 0x80) ++end;
    return json_.substr(at_, end - at_);
  }

  char Peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
  void SkipSpaces() {
    while (at_ < json_.size() && absl::string_view(" \t\n\r").find(json_[at_]) != absl::string_view::npos)
      ++at_;
  }
  bool Take(char c) {
    SkipSpaces();
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(absl::string_view word) {
    if (json_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  absl::Status ReadValue(int depth, v1::Value* value) {
    SkipSpaces();
    if (++values_ > kMaxValues) {
      return absl::InvalidArgumentError(absl::StrCat("NOT_ENCODED: got more than ", kMaxValues,
                                                     " values in one text, want at most as many"));
    }
    switch (Peek()) {
      case '{':
      case '[':
        if (depth >= kMaxNesting) {
          return absl::InvalidArgumentError(
              absl::StrCat("NOT_ENCODED: got lists and maps nested deeper than ", kMaxNesting, " at byte ",
                           at_, ", want at most as deep"));
        }
        return Peek() == '{' ? ReadMap(depth + 1, value->mutable_map_value())
                             : ReadList(depth + 1, value->mutable_list_value());
      case '"':
        return ReadString(value->mutable_text_value());
      case 't':
        return value->set_bool_value(true), ReadWord("true");
      case 'f':
        return value->set_bool_value(false), ReadWord("false");
      case 'n':
        return value->set_null_value(google::protobuf::NULL_VALUE), ReadWord("null");
      default:
        return ReadNumber(value);
    }
  }

  absl::Status ReadWord(absl::string_view word) {
    return TakeWord(word) ? absl::OkStatus() : Wanted(absl::StrCat("\"", word, "\""));
  }

  absl::Status ReadList(int depth, v1::ListValue* list) {
    ++at_;
    if (Take(']')) return absl::OkStatus();
    do {
      RETURN_IF_ERROR(ReadValue(depth, list->add_values()));
    } while (Take(','));
    return Take(']') ? absl::OkStatus() : Wanted("\",\" or \"]\"");
  }

  absl::Status ReadMap(int depth, v1::MapValue* map) {
    ++at_;
    if (Take('}')) return absl::OkStatus();
    MapBuilder builder(map);
    do {
      SkipSpaces();
      if (Peek() != '"') return Wanted("a name in quotes");
      std::string name;
      RETURN_IF_ERROR(ReadString(&name));
      if (!Take(':')) return Wanted("\":\"");
      RETURN_IF_ERROR(ReadValue(depth, builder.Add(std::move(name))));
    } while (Take(','));
    return Take('}') ? absl::OkStatus() : Wanted("\",\" or \"}\"");
  }

  absl::Status ReadString(std::string* text) {
    ++at_;
    while (true) {
      const size_t begin = at_;
      while (at_ < json_.size() && json_[at_] != '"' && json_[at_] != '\\' &&
             static_cast<unsigned char>(json_[at_]) >= 0x20) {
        ++at_;
      }
      text->append(json_.data() + begin, at_ - begin);
      if (at_ >= json_.size()) return Wanted("a quote at the end of a text");
      if (json_[at_] == '"') return ++at_, absl::OkStatus();
      if (json_[at_] != '\\') return Wanted("control characters in texts escaped");
      RETURN_IF_ERROR(ReadEscape(text));
    }
  }

  absl::Status ReadEscape(std::string* text) {
    static constexpr absl::string_view kEscapes = "\"\\/bfnrt";
    static constexpr absl::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const size_t begin = at_++;
    if (const size_t escape = kEscapes.find(Peek());
        at_ < json_.size() && escape != absl::string_view::npos) {
      text->push_back(kMeanings[escape]);
      return ++at_, absl::OkStatus();
    }
    int32_t code_point = TakeUnit();
    if ((code_point & ~0x3FF) == 0xD800) {
      const int32_t low = TakeUnit();
      code_point =
          low >= 0 && (low & ~0x3FF) == 0xDC00 ? 0x10000 + ((code_point & 0x3FF) << 10) + (low & 0x3FF) : -1;
    }
    if (code_point <= 0 || (code_point & ~0x7FF) == 0xD800) {
      at_ = begin;
      return Wanted("an escape such as \\n or \\u00e4, no NUL character and no half of a pair");
    }
    char bytes[U8_MAX_LENGTH];
    size_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, code_point);
    text->append(bytes, length);
    return absl::OkStatus();
  }

  // `\uXXXX`, of which the backslash may be taken already; -1 if it is not there.
  int32_t TakeUnit() {
    if (Peek() == '\\') ++at_;
    if (!TakeWord("u")) return -1;
    int32_t unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const auto c = static_cast<unsigned char>(Peek());
      if (!absl::ascii_isxdigit(c)) return -1;
      unit = unit * 16 + (c <= '9' ? c - '0' : absl::ascii_tolower(c) - 'a' + 10);
    }
    return unit;
  }

  bool SkipDigits() {
    const size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    return at_ > begin;
  }

  absl::Status ReadNumber(v1::Value* value) {
    const size_t begin = at_;
    bool integer = true;
    if (Peek() == '-') ++at_;
    if (Peek() == '0') {
      ++at_;
    } else if (!SkipDigits()) {
      return at_ = begin, Wanted("a value");
    }
    if (Peek() == '.') {
      ++at_;
      integer = false;
      if (!SkipDigits()) return Wanted("digits after the point");
    }
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      integer = false;
      if (Peek() == '+' || Peek() == '-') ++at_;
      if (!SkipDigits()) return Wanted("digits of an exponent");
    }
    const absl::string_view number = json_.substr(begin, at_ - begin);
    int64_t small;
    if (integer && absl::SimpleAtoi(number, &small)) return value->set_int64_value(small), absl::OkStatus();
    if (number.size() > kMaxNumberBytes || !value::IsDecimal(number)) {
      return at_ = begin, Wanted(absl::StrCat("a number of at most ", kMaxNumberBytes,
                                              " bytes and exponents of 8 digits"));
    }
    value->set_decimal_value(number.data(), number.size());
    return absl::OkStatus();
  }

  const absl::string_view json_;
  size_t at_ = 0;
  int values_ = 0;
};

}  // namespace

absl::StatusOr<v1::Value> ReadJson(absl::string_view json) { return Reader(json).Run(); }

}  // namespace cognate::codec
