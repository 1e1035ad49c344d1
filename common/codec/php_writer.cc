#include <charconv>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/codec/nesting.h"
#include "common/codec/php.h"
#include "common/codec/rfc3339.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"

namespace cognate::codec {
namespace {

// Where PHP goes over to exponents: digits before the point, and zeros behind it.
constexpr int kMostWholeDigits = 17;
constexpr int kMostZeros = 3;

void AppendString(absl::string_view text, std::string* out) {
  absl::StrAppend(out, "s:", text.size(), ":\"", text, "\";");
}

// What PHP takes for an integer in a key: no sign but `-`, no zeros before it, 64 bits.
bool IsIntegerKey(absl::string_view name) {
  int64_t number;
  return !name.empty() && name.size() <= 20 && absl::SimpleAtoi(name, &number) &&
         absl::StrCat(number) == name;
}

void AppendKey(absl::string_view name, std::string* out) {
  if (IsIntegerKey(name)) return absl::StrAppend(out, "i:", name, ";");
  AppendString(name, out);
}

// As serialize() does with its default precision: the shortest digits that read back, `1.0E+25` and `0.0001`.
void AppendDouble(double number, std::string* out) {
  if (std::isnan(number)) return absl::StrAppend(out, "NAN");
  if (std::isinf(number)) return absl::StrAppend(out, number < 0 ? "-INF" : "INF");
  if (number == 0) return absl::StrAppend(out, std::signbit(number) ? "-0" : "0");
  char buffer[40];
  const std::to_chars_result end =
      std::to_chars(buffer, buffer + sizeof(buffer), std::fabs(number), std::chars_format::scientific);
  absl::string_view scientific(buffer, static_cast<size_t>(end.ptr - buffer));
  const size_t e = scientific.find('e');
  int exponent = 0;
  std::from_chars(scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1), end.ptr, exponent);
  std::string digits(scientific.substr(0, 1));
  if (e > 2) absl::StrAppend(&digits, scientific.substr(2, e - 2));
  const int point = exponent + 1;
  if (number < 0) out->push_back('-');
  if (point < -kMostZeros || point > kMostWholeDigits) {
    absl::StrAppend(out, digits.substr(0, 1), ".", digits.size() > 1 ? digits.substr(1) : "0", "E",
                    exponent < 0 ? "-" : "+", std::abs(exponent));
  } else if (point <= 0) {
    absl::StrAppend(out, "0.", std::string(static_cast<size_t>(-point), '0'), digits);
  } else if (const auto whole = static_cast<size_t>(point); whole >= digits.size()) {
    absl::StrAppend(out, digits, std::string(whole - digits.size(), '0'));
  } else {
    absl::StrAppend(out, digits.substr(0, whole), ".", digits.substr(whole));
  }
}

absl::Status Append(const v1::Value& value, int depth, std::string* out);

absl::Status AppendArray(const v1::Value& value, int depth, std::string* out) {
  if (depth >= kMaxNesting) {
    return absl::InvalidArgumentError(absl::StrCat("NOT_ENCODED: got lists and maps nested deeper than ",
                                                   kMaxNesting, ", want at most as deep"));
  }
  if (value.kind_case() == v1::Value::kListValue) {
    const v1::ListValue& list = value.list_value();
    absl::StrAppend(out, "a:", list.values_size(), ":{");
    for (int i = 0; i < list.values_size(); ++i) {
      absl::StrAppend(out, "i:", i, ";");
      RETURN_IF_ERROR(Append(list.values(i), depth + 1, out));
    }
  } else {
    absl::StrAppend(out, "a:", value.map_value().fields_size(), ":{");
    for (const v1::Field& field : value.map_value().fields()) {
      AppendKey(field.name(), out);
      RETURN_IF_ERROR(Append(field.value(), depth + 1, out));
    }
  }
  out->push_back('}');
  return absl::OkStatus();
}

void AppendReference(const v1::Reference& reference, std::string* out) {
  if (reference.local_id().empty()) return absl::StrAppend(out, "N;");
  AppendString(reference.local_id(), out);
}

absl::Status Append(const v1::Value& value, int depth, std::string* out) {
  switch (value.kind_case()) {
    case v1::Value::kNullValue:
      return out->append("N;"), absl::OkStatus();
    case v1::Value::kBoolValue:
      return out->append(value.bool_value() ? "b:1;" : "b:0;"), absl::OkStatus();
    case v1::Value::kInt64Value:
      return absl::StrAppend(out, "i:", value.int64_value(), ";"), absl::OkStatus();
    case v1::Value::kDoubleValue:
      out->append("d:");
      AppendDouble(value.double_value(), out);
      return out->push_back(';'), absl::OkStatus();
    case v1::Value::kDecimalValue:
      return AppendString(value.decimal_value(), out), absl::OkStatus();
    case v1::Value::kTextValue:
      return AppendString(value.text_value(), out), absl::OkStatus();
    case v1::Value::kBytesValue:
      return AppendString(value.bytes_value(), out), absl::OkStatus();
    case v1::Value::kTimestampValue:
      return AppendString(Rfc3339(value.timestamp_value()), out), absl::OkStatus();
    case v1::Value::kDateValue:
      return AppendString(value.date_value(), out), absl::OkStatus();
    case v1::Value::kReferenceValue:
      return AppendReference(value.reference_value(), out), absl::OkStatus();
    case v1::Value::kListValue:
    case v1::Value::kMapValue:
      return AppendArray(value, depth, out);
    case v1::Value::kOmittedValue:
    case v1::Value::kEncodedValue:
    case v1::Value::kFileValue:
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("got ", value::Describe(value), ", want a value that PHP can have"));
}

}  // namespace

absl::StatusOr<std::string> WritePhp(const v1::Value& value) {
  std::string serialized;
  RETURN_IF_ERROR(Append(value, 0, &serialized));
  return serialized;
}

}  // namespace cognate::codec
