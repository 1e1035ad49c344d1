#include "common/value/convert_number.h"

#include <algorithm>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/value/canonical_text.h"

namespace cognate::value {

using v1::ModelField;
using v1::Value;

namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

}  // namespace

Refusal ToInteger(const Value& from, const ModelField& field, Value* to) {
  int64_t number = from.int64_value();
  if (from.kind_case() == Value::kDecimalValue) {
    std::string digits;
    if (!AppendCanonicalDecimal(from.decimal_value(), &digits)) return InvalidText(from, field, "a number");
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return OutOfRange(from, field, "a whole number of at most 64 bits");
    }
  } else if (from.kind_case() != Value::kInt64Value) {
    return WrongType(from, field);
  }
  const int bits = field.size_bits() == 0 ? 64 : field.size_bits();
  if (bits < 64) {
    const int64_t max = (int64_t{1} << (bits - 1)) - 1;
    if (number > max || number < -max - 1) {
      return OutOfRange(from, field, absl::StrCat("a whole number from ", -max - 1, " to ", max));
    }
  }
  to->set_int64_value(number);
  return std::nullopt;
}

Refusal ToFloat(const Value& from, const ModelField& field, Value* to) {
  double number = from.double_value();
  if (from.kind_case() == Value::kInt64Value) {
    number = static_cast<double>(from.int64_value());
    if (number >= kTwoTo63 || static_cast<int64_t>(number) != from.int64_value()) {
      return OutOfRange(from, field, "a number that a double holds exactly");
    }
  } else if (from.kind_case() != Value::kDoubleValue) {
    return WrongType(from, field);
  }
  if (field.size_bits() == 32 && std::isfinite(number)) {
    // A 32-bit float prints its own shortest form, and that is what comes back from the target.
    const bool fits = std::fabs(number) <= FLT_MAX;
    char text[32];
    const auto end = std::to_chars(text, text + sizeof(text) - 1, fits ? static_cast<float>(number) : 0.0F);
    *end.ptr = '\0';
    if (!fits || std::strtod(text, nullptr) != number)
      return OutOfRange(from, field, "a number that 32 bits hold exactly");
  }
  to->set_double_value(number == 0 ? 0.0 : number);
  return std::nullopt;
}

Refusal ToDecimal(const Value& from, const ModelField& field, Value* to) {
  std::string text;
  if (from.kind_case() == Value::kDecimalValue) {
    if (!AppendCanonicalDecimal(from.decimal_value(), &text))
      return InvalidText(from, field, "a decimal number");
  } else if (from.kind_case() == Value::kInt64Value || from.kind_case() == Value::kDoubleValue) {
    AppendCanonicalText(from, &text);
  } else {
    return WrongType(from, field);
  }
  const bool special = text.find_first_of("Ny") != std::string::npos;  // NaN, Infinity
  if (field.precision() > 0 && text != "NaN") {
    const size_t sign = text[0] == '-' ? 1 : 0;
    const size_t point = std::min(text.find('.'), text.size());
    const size_t fraction = point == text.size() ? 0 : text.size() - point - 1;
    const size_t whole = text[sign] == '0' ? 0 : point - sign;
    const auto scale = static_cast<size_t>(std::max(field.scale(), 0));
    const auto most = static_cast<size_t>(std::max(field.precision() - field.scale(), 0));
    if (special || whole > most || fraction > scale || text.find('e') != std::string::npos) {
      return OutOfRange(
          from, field,
          absl::StrCat("at most ", most, " digits before and ", scale, " digits after the point"));
    }
  }
  // Zeros at the end of a fraction are kept: they say something to people.
  *to->mutable_decimal_value() = from.kind_case() == Value::kDecimalValue ? from.decimal_value() : text;
  return std::nullopt;
}

}  // namespace cognate::value
