// Values as numbers. Decimals go digit by digit, never through a double.
#include <charconv>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/transform/makers.h"
#include "common/transform/rounding.h"
#include "common/transform/steps.h"
#include "common/value/canonical_text.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

using absl::StrCat;
using v1::Value;

constexpr int kMaxScale = 30;
constexpr char kWantInteger[] = "a number, its text, a bool or a point in time";
constexpr char kWantDecimal[] = "a number or its text";

Failure NotANumber(const Value& value) {
  return {"NOT_A_NUMBER",
          StrCat("got ", value::Describe(value), ", want a number such as -12.50; correct it at the source")};
}

// The canonical decimal of a number or its text.
Failed NumberText(const Value& value, absl::string_view want, std::string* text) {
  switch (value.kind_case()) {
    case Value::kInt64Value:
    case Value::kDoubleValue:
      value::AppendCanonicalText(value, text);
      break;
    case Value::kDecimalValue:
      if (!value::AppendCanonicalDecimal(value.decimal_value(), text)) return NotANumber(value);
      break;
    case Value::kTextValue:
      if (!value::AppendCanonicalDecimal(value.text_value(), text)) return NotANumber(value);
      break;
    default:
      return WrongType(value, want);
  }
  // NaN and the infinities.
  if (text->find_first_of("NI") != std::string::npos) return NotANumber(value);
  return std::nullopt;
}

Failed RoundTo(const Value& value, const std::string& exact, int scale, v1::Rounding rounding,
               std::string* to) {
  std::optional<std::string> rounded = Round(exact, scale, rounding);
  if (!rounded.has_value()) {
    return Failure{"NOT_EXACT", StrCat("got ", value::Describe(value), ", want at most ", scale,
                                       " digits after the point; set rounding to say what becomes of more")};
  }
  *to = *std::move(rounded);
  return std::nullopt;
}

// Seconds since 1970 with their fraction.
std::string SecondsText(int64_t micros) {
  std::string text =
      StrCat(micros < 0 ? "-" : "", micros / 1'000'000 < 0 ? -(micros / 1'000'000) : micros / 1'000'000);
  const int64_t fraction = micros % 1'000'000 < 0 ? -(micros % 1'000'000) : micros % 1'000'000;
  if (fraction != 0) {
    absl::StrAppend(&text, ".", absl::Dec(fraction, absl::kZeroPad6));
    while (text.back() == '0') text.pop_back();
  }
  return text;
}

Failed ToInteger(const Value& value, v1::Rounding rounding, Value* to) {
  if (value.has_int64_value() || value.has_bool_value()) {
    to->set_int64_value(value.has_bool_value() ? value.bool_value() : value.int64_value());
    return std::nullopt;
  }
  std::string exact;
  if (value.has_timestamp_value()) {
    exact = SecondsText(value::MicrosOf(value.timestamp_value()));
  } else if (Failed failed = NumberText(value, kWantInteger, &exact); failed.has_value()) {
    return failed;
  }
  std::string text;
  if (Failed failed = RoundTo(value, exact, 0, rounding, &text); failed.has_value()) return failed;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Failure{"OUT_OF_RANGE",
                   StrCat("got ", value::Describe(value),
                          ", want a number from -2^63 to 2^63-1; to_decimal takes longer ones")};
  }
  to->set_int64_value(number);
  return std::nullopt;
}

Failed ToDecimal(const Value& value, std::optional<int> scale, v1::Rounding rounding, Value* to) {
  std::string exact;
  if (Failed failed = NumberText(value, kWantDecimal, &exact); failed.has_value()) return failed;
  if (!scale.has_value()) {
    // Zeros at the end of a fraction are kept: they say something to people.
    to->set_decimal_value(value.has_decimal_value() ? value.decimal_value() : std::move(exact));
    return std::nullopt;
  }
  std::string text;
  if (Failed failed = RoundTo(value, exact, *scale, rounding, &text); failed.has_value()) return failed;
  PadFraction(*scale, &text);
  to->set_decimal_value(std::move(text));
  return std::nullopt;
}

void CheckRounding(Compiler& compiler, v1::Rounding rounding) {
  if (!v1::Rounding_IsValid(rounding)) {
    compiler.Wrong("rounding", StrCat("got ", static_cast<int>(rounding),
                                      ", want one of ROUNDING_EXACT, _HALF_UP, _HALF_EVEN and _DOWN"));
  }
}

}  // namespace

void Compile(Compiler& compiler, const v1::ToInteger& step) {
  CheckRounding(compiler, step.rounding());
  const std::optional<KnownField> from = compiler.Read(
      "field", step.field(), kNumbers | kTexts | kTimes | Only(v1::FIELD_TYPE_BOOL), kWantInteger);
  if (!from.has_value()) return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  v1::ModelField holds = IntegerField();
  if (from->field.type() == v1::FIELD_TYPE_INTEGER) holds.set_size_bits(from->field.size_bits());
  AddValueStep(
      compiler, *from, step.into(), std::move(holds),
      [rounding = step.rounding()](const Value& value, Value* to) { return ToInteger(value, rounding, to); });
}

void Compile(Compiler& compiler, const v1::ToDecimal& step) {
  CheckRounding(compiler, step.rounding());
  if (step.scale() < 0 || step.scale() > kMaxScale) {
    compiler.Wrong("scale", StrCat("got ", step.scale(), ", want 0 to ", kMaxScale));
  }
  const std::optional<KnownField> from =
      compiler.Read("field", step.field(), kNumbers | kTexts, kWantDecimal);
  if (!from.has_value()) return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  v1::ModelField holds = FieldOf(v1::FIELD_TYPE_DECIMAL);
  holds.set_scale(step.scale());
  std::optional<int> scale;
  if (step.has_scale()) scale = step.scale();
  AddValueStep(compiler, *from, step.into(), std::move(holds),
               [scale, rounding = step.rounding()](const Value& value, Value* to) {
                 return ToDecimal(value, scale, rounding, to);
               });
}

}  // namespace cognate::transform
