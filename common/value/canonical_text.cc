#include "common/value/canonical_text.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/value/value.h"

namespace cognate::value {
namespace {

constexpr size_t kHashInPath = 24;
constexpr int kMaxExponent = 20'000;
constexpr int64_t kMicrosPerDay = 86'400'000'000;

// A number taken apart: sign · 0.digits · 10^point, with no zeros at either end of the digits.
struct Digits {
  bool negative = false;
  std::string digits;
  int64_t point = 0;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Cuts the digits at the front of `rest` off.
absl::string_view TakeDigits(absl::string_view* rest) {
  size_t count = 0;
  while (count < rest->size() && IsDigit((*rest)[count])) ++count;
  const absl::string_view digits = rest->substr(0, count);
  rest->remove_prefix(count);
  return digits;
}

bool TakeExponent(absl::string_view rest, int64_t* exponent) {
  *exponent = 0;
  if (rest.empty()) return true;
  if (rest[0] != 'e' && rest[0] != 'E') return false;
  rest.remove_prefix(1);
  if (!rest.empty() && rest[0] == '+') rest.remove_prefix(1);
  if (rest.empty() || rest.size() > 9 || !(IsDigit(rest.back()))) return false;
  return absl::SimpleAtoi(rest, exponent);
}

bool TakeApart(absl::string_view text, Digits* number) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    number->negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const absl::string_view whole = TakeDigits(&text);
  absl::string_view fraction;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = TakeDigits(&text);
  }
  int64_t exponent = 0;
  if ((whole.empty() && fraction.empty()) || !TakeExponent(text, &exponent)) return false;
  number->digits = absl::StrCat(whole, fraction);
  number->point = static_cast<int64_t>(whole.size()) + exponent;
  const size_t last = number->digits.find_last_not_of('0');
  number->digits.resize(last == std::string::npos ? 0 : last + 1);
  const size_t first = number->digits.find_first_not_of('0');
  if (first != std::string::npos && first > 0) {
    number->digits.erase(0, first);
    number->point -= static_cast<int64_t>(first);
  }
  return true;
}

void Append(const Digits& number, std::string* out) {
  if (number.digits.empty()) {
    out->push_back('0');
    return;
  }
  const auto count = static_cast<int64_t>(number.digits.size());
  if (number.negative) out->push_back('-');
  if (std::abs(number.point) > kMaxExponent) {
    absl::StrAppend(out, "0.", number.digits, "e", number.point);
  } else if (number.point <= 0) {
    out->append("0.").append(static_cast<size_t>(-number.point), '0').append(number.digits);
  } else if (number.point >= count) {
    out->append(number.digits).append(static_cast<size_t>(number.point - count), '0');
  } else {
    const auto point = static_cast<size_t>(number.point);
    out->append(number.digits, 0, point).append(".").append(number.digits, point);
  }
}

// The common case, decided without taking apart: an integer in plain digits without leading zeros, such as
// "-120".
bool IsPlainInteger(absl::string_view text) {
  if (text.empty()) return false;
  if (text == "0") return true;
  if (text[0] == '-') text.remove_prefix(1);
  if (text.empty() || text[0] < '1' || text[0] > '9') return false;
  for (const char c : text) {
    if (!IsDigit(c)) return false;
  }
  return true;
}

bool AppendSpecial(absl::string_view text, std::string* out) {
  if (absl::EqualsIgnoreCase(text, "nan")) return out->append("NaN"), true;
  const bool negative = absl::ConsumePrefix(&text, "-");
  if (!negative) absl::ConsumePrefix(&text, "+");
  if (!absl::EqualsIgnoreCase(text, "infinity") && !absl::EqualsIgnoreCase(text, "inf")) return false;
  out->append(negative ? "-Infinity" : "Infinity");
  return true;
}

struct CivilDay {
  int64_t year;
  int month;
  int day;
};

// Days since 1970 to a day of the Gregorian calendar, by eras of 400 years (146,097 days) that begin in
// March.
CivilDay DayOf(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t of_era = days - era * 146'097;
  const int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * of_year + 2) / 153;
  const auto month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  const auto day = static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

void AppendPadded(int64_t number, size_t width, std::string* out) {
  char digits[24];
  size_t count = 0;
  do digits[count++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) > 0);
  if (count < width) out->append(width - count, '0');
  while (count > 0) out->push_back(digits[--count]);
}

// A path that names the content (those that are made here do) is all: so that what comes back is the text
// that was written.
void AppendFile(const v1::FileValue& file, std::string* out) {
  const std::string hash = absl::BytesToHexString(file.sha256());
  out->append(file.path());
  if (!file.path().empty() && absl::StrContains(file.path(), hash.substr(0, kHashInPath))) return;
  absl::StrAppend(out, "#sha256:", hash);
}

}  // namespace

bool AppendCanonicalDecimal(absl::string_view text, std::string* out) {
  if (IsPlainInteger(text)) {
    out->append(text.data(), text.size());
    return true;
  }
  Digits number;
  if (!TakeApart(text, &number)) return AppendSpecial(text, out);
  Append(number, out);
  return true;
}

bool IsDecimal(absl::string_view text) {
  if (IsPlainInteger(text)) return true;
  Digits number;
  std::string special;
  return TakeApart(text, &number) || AppendSpecial(text, &special);
}

void AppendDouble(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
  } else if (std::isinf(value)) {
    out->append(value < 0 ? "-Infinity" : "Infinity");
  } else {
    char buffer[32];
    const std::to_chars_result end = std::to_chars(buffer, buffer + sizeof(buffer), value);
    const absl::string_view shortest(buffer, static_cast<size_t>(end.ptr - buffer));
    const bool readable = value == 0 || (std::fabs(value) >= 1e-5 && std::fabs(value) < 1e17);
    if (readable) {
      AppendCanonicalDecimal(shortest, out);
    } else {
      out->append(shortest.data(), shortest.size());
    }
  }
}

void AppendTimestamp(int64_t micros, std::string* out) {
  int64_t days = micros / kMicrosPerDay;
  int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) rest += kMicrosPerDay, --days;
  const CivilDay day = DayOf(days);
  AppendPadded(day.year > 0 ? day.year : 1 - day.year, 4, out);
  out->push_back('-');
  AppendPadded(day.month, 2, out);
  out->push_back('-');
  AppendPadded(day.day, 2, out);
  out->push_back(' ');
  const int64_t seconds = rest / 1'000'000;
  AppendPadded(seconds / 3600, 2, out);
  out->push_back(':');
  AppendPadded(seconds / 60 % 60, 2, out);
  out->push_back(':');
  AppendPadded(seconds % 60, 2, out);
  if (const int64_t fraction = rest % 1'000'000; fraction != 0) {
    out->push_back('.');
    AppendPadded(fraction, 6, out);
    while (out->back() == '0') out->pop_back();
  }
  out->append("+00");
  if (day.year <= 0) out->append(" BC");
}

void AppendBytes(absl::string_view bytes, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const size_t start = out->size();
  out->resize(start + 2 + 2 * bytes.size());
  char* to = out->data() + start;
  *to++ = '\\';
  *to++ = 'x';
  for (const char byte : bytes) {
    *to++ = kHex[static_cast<unsigned char>(byte) >> 4];
    *to++ = kHex[static_cast<unsigned char>(byte) & 15];
  }
}

bool AppendCanonicalText(const v1::Value& value, std::string* out) {
  switch (value.kind_case()) {
    case v1::Value::kBoolValue:
      out->append(value.bool_value() ? "true" : "false");
      return true;
    case v1::Value::kInt64Value:
      absl::StrAppend(out, value.int64_value());
      return true;
    case v1::Value::kDoubleValue: {
      std::string text;
      AppendDouble(value.double_value(), &text);
      return AppendCanonicalDecimal(text, out);
    }
    case v1::Value::kDecimalValue:
      if (!AppendCanonicalDecimal(value.decimal_value(), out)) out->append(value.decimal_value());
      return true;
    case v1::Value::kTextValue:
      out->append(value.text_value());
      return true;
    case v1::Value::kBytesValue:
      AppendBytes(value.bytes_value(), out);
      return true;
    case v1::Value::kTimestampValue:
      AppendTimestamp(MicrosOf(value.timestamp_value()), out);
      return true;
    case v1::Value::kDateValue:
      out->append(value.date_value());
      return true;
    case v1::Value::kReferenceValue:
      out->append(value.reference_value().local_id());
      return true;
    case v1::Value::kFileValue:
      AppendFile(value.file_value(), out);
      return true;
    default:
      return false;
  }
}

}  // namespace cognate::value
