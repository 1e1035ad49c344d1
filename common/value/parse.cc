#include "common/value/parse.h"

#include <cmath>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/value/canonical_text.h"
#include "common/value/value.h"
#include "nlohmann/json.hpp"

namespace cognate::value {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

// The length of the UTF-8 sequence at the front of `text`, 0 if it is none: no surrogates, nothing overlong.
size_t SequenceLength(absl::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  const size_t length = lead >= 0xF0 && lead <= 0xF4  ? 4
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xC2 && lead < 0xE0 ? 2
                                                      : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xF0 && at(1) < 0x90);
  const bool outside = (lead == 0xED && at(1) >= 0xA0) || (lead == 0xF4 && at(1) >= 0x90);
  return overlong || outside ? 0 : length;
}

// Whether all eight bytes are ASCII and none is NUL.
bool IsPlainWord(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return ((word | (word - 0x0101010101010101ULL)) & 0x8080808080808080ULL) == 0;
}

// Reads numbers of fixed width off the front of a text.
class Scanner {
 public:
  explicit Scanner(absl::string_view text) : rest_(text) {}

  bool Number(size_t width, int* number) {
    if (rest_.size() < width) return false;
    *number = 0;
    for (size_t i = 0; i < width; ++i) {
      if (!absl::ascii_isdigit(static_cast<unsigned char>(rest_[i]))) return false;
      *number = *number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return true;
  }
  bool AnyOf(absl::string_view characters) {
    if (rest_.empty() || characters.find(rest_[0]) == absl::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Digits after the point, as microseconds; what is finer is refused unless it is zero.
  bool Fraction(int64_t* micros) {
    *micros = 0;
    size_t digits = 0;
    for (; !rest_.empty() && absl::ascii_isdigit(static_cast<unsigned char>(rest_[0])); ++digits) {
      if (digits >= 6 && rest_[0] != '0') return false;
      if (digits < 6) *micros = *micros * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    for (size_t i = digits; i < 6; ++i) *micros *= 10;
    return digits > 0;
  }
  char Peek() const { return rest_.empty() ? '\0' : rest_[0]; }
  bool AtEnd() const { return rest_.empty(); }

 private:
  absl::string_view rest_;
};

bool ScanDate(Scanner& scanner, absl::CivilDay* day) {
  int year, month, of_month;
  if (!scanner.Number(4, &year) || !scanner.AnyOf("-") || !scanner.Number(2, &month) || !scanner.AnyOf("-") ||
      !scanner.Number(2, &of_month) || year < 1) {
    return false;
  }
  *day = absl::CivilDay(year, month, of_month);
  return day->month() == month && day->day() == of_month;
}

bool ScanTime(Scanner& scanner, int64_t* micros) {
  int hour, minute, second = 0;
  int64_t fraction = 0;
  if (!scanner.Number(2, &hour) || !scanner.AnyOf(":") || !scanner.Number(2, &minute)) return false;
  if (scanner.AnyOf(":")) {
    if (!scanner.Number(2, &second)) return false;
    if (scanner.AnyOf(".") && !scanner.Fraction(&fraction)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *micros = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + fraction;
  return true;
}

bool ScanZone(Scanner& scanner, int64_t* offset_micros) {
  *offset_micros = 0;
  if (scanner.AtEnd() || scanner.AnyOf("Zz")) return true;
  const bool negative = scanner.Peek() == '-';
  int hours, minutes = 0;
  if (!scanner.AnyOf("+-") || !scanner.Number(2, &hours)) return false;
  const bool colon = scanner.AnyOf(":");
  if ((colon || !scanner.AtEnd()) && !scanner.Number(2, &minutes)) return false;
  *offset_micros = (negative ? -1 : 1) * (hours * 60 + minutes) * int64_t{60} * kMicrosPerSecond;
  return hours < 16 && minutes < 60;
}

int64_t MicrosOfDay(absl::CivilDay day) {
  return (day - absl::CivilDay(1970, 1, 1)) * int64_t{86'400} * kMicrosPerSecond;
}

void AppendJsonString(absl::string_view text, std::string* out) {
  absl::StrAppend(
      out, nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

std::optional<size_t> CharacterCount(absl::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    size_t length = 1;
    if (text.size() >= 8 && IsPlainWord(text.data())) {
      length = 8;
      count += 7;
    } else if (static_cast<unsigned char>(text[0]) >= 0x80) {
      length = SequenceLength(text);
    } else if (text[0] == '\0') {
      length = 0;
    }
    if (length == 0) return std::nullopt;
    text.remove_prefix(length);
    ++count;
  }
  return count;
}

bool IsDate(absl::string_view text) { return ParseDate(text).has_value(); }

std::optional<int64_t> ParseDate(absl::string_view text) {
  Scanner scanner(text);
  absl::CivilDay day;
  if (!ScanDate(scanner, &day) || !scanner.AtEnd()) return std::nullopt;
  return MicrosOfDay(day);
}

std::optional<int64_t> ParseTimestamp(absl::string_view text) {
  Scanner scanner(text);
  absl::CivilDay day;
  int64_t micros = 0;
  int64_t offset = 0;
  if (!ScanDate(scanner, &day)) return std::nullopt;
  if (!scanner.AnyOf(" Tt") || !ScanTime(scanner, &micros) || !ScanZone(scanner, &offset) ||
      !scanner.AtEnd()) {
    return std::nullopt;
  }
  return MicrosOfDay(day) + micros - offset;
}

std::optional<std::string> NormalUuid(absl::string_view text) {
  std::string digits;
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text.size() - 2);
  for (const char c : text) {
    if (c == '-') continue;
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
    digits.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  if (digits.size() != 32) return std::nullopt;
  const absl::string_view all = digits;
  return absl::StrCat(all.substr(0, 8), "-", all.substr(8, 4), "-", all.substr(12, 4), "-", all.substr(16, 4),
                      "-", all.substr(20));
}

bool IsJson(absl::string_view text) { return nlohmann::json::accept(text.begin(), text.end()); }

void AppendJson(const v1::Value& value, std::string* out) {
  switch (value.kind_case()) {
    case v1::Value::kNullValue:
    case v1::Value::KIND_NOT_SET:
      out->append("null");
      return;
    case v1::Value::kBoolValue:
    case v1::Value::kInt64Value:
      AppendCanonicalText(value, out);
      return;
    case v1::Value::kDoubleValue:
      if (std::isfinite(value.double_value())) return AppendDouble(value.double_value(), out);
      break;
    case v1::Value::kDecimalValue:
      if (value.decimal_value().find_first_of("nN") == std::string::npos &&
          AppendCanonicalDecimal(value.decimal_value(), out)) {
        return;
      }
      break;
    case v1::Value::kListValue: {
      const char* separator = "[";
      for (const v1::Value& element : value.list_value().values()) {
        out->append(separator);
        AppendJson(element, out);
        separator = ", ";
      }
      out->append(value.list_value().values_size() == 0 ? "[]" : "]");
      return;
    }
    case v1::Value::kMapValue: {
      const char* separator = "{";
      for (const v1::Field& field : value.map_value().fields()) {
        out->append(separator);
        AppendJsonString(field.name(), out);
        out->append(": ");
        AppendJson(field.value(), out);
        separator = ", ";
      }
      out->append(value.map_value().fields_size() == 0 ? "{}" : "}");
      return;
    }
    default:
      break;
  }
  std::string text;
  AppendCanonicalText(value, &text);
  AppendJsonString(text, out);
}

}  // namespace cognate::value
