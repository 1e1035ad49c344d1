#include <cmath>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/codec/json.h"
#include "common/codec/rfc3339.h"
#include "common/value/canonical_text.h"

namespace cognate::codec {
namespace {

bool IsPlain(char c) { return static_cast<unsigned char>(c) - 0x20U < 0x60U && c != '"' && c != '\\'; }

void AppendString(absl::string_view text, std::string* out) {
  size_t plain = 0;
  while (plain < text.size() && IsPlain(text[plain])) ++plain;
  if (plain == text.size()) return absl::StrAppend(out, "\"", text, "\"");
  out->append(
      nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

absl::string_view TakeDigits(absl::string_view* rest) {
  size_t count = 0;
  while (count < rest->size() && absl::ascii_isdigit(static_cast<unsigned char>((*rest)[count]))) ++count;
  const absl::string_view digits = rest->substr(0, count);
  rest->remove_prefix(count);
  return digits;
}

// With the digits and the exponent as they are: the canonical form of `1e20000` is long.
void AppendDecimal(absl::string_view text, std::string* out) {
  absl::string_view rest = text;
  const bool negative = absl::ConsumePrefix(&rest, "-");
  if (!negative) absl::ConsumePrefix(&rest, "+");
  absl::string_view whole = TakeDigits(&rest);
  const bool point = absl::ConsumePrefix(&rest, ".");
  const absl::string_view fraction = point ? TakeDigits(&rest) : absl::string_view();
  if ((whole.empty() && fraction.empty()) || !value::IsDecimal(text)) return AppendString(text, out);
  while (whole.size() > 1 && whole[0] == '0') whole.remove_prefix(1);
  absl::StrAppend(out, negative ? "-" : "", whole.empty() ? "0" : whole, fraction.empty() ? "" : ".",
                  fraction, rest);
}

void Append(const v1::Value& value, std::string* out);

void AppendList(const v1::ListValue& list, std::string* out) {
  out->push_back('[');
  for (int i = 0; i < list.values_size(); ++i) {
    if (i > 0) out->push_back(',');
    Append(list.values(i), out);
  }
  out->push_back(']');
}

void AppendMap(const v1::MapValue& map, std::string* out) {
  out->push_back('{');
  for (int i = 0; i < map.fields_size(); ++i) {
    if (i > 0) out->push_back(',');
    AppendString(map.fields(i).name(), out);
    out->push_back(':');
    Append(map.fields(i).value(), out);
  }
  out->push_back('}');
}

void AppendDouble(double number, std::string* out) {
  if (!std::isfinite(number)) out->push_back('"');
  value::AppendDouble(number, out);
  if (!std::isfinite(number)) out->push_back('"');
}

void Append(const v1::Value& value, std::string* out) {
  switch (value.kind_case()) {
    case v1::Value::kBoolValue:
      return absl::StrAppend(out, value.bool_value() ? "true" : "false");
    case v1::Value::kInt64Value:
      return absl::StrAppend(out, value.int64_value());
    case v1::Value::kDoubleValue:
      return AppendDouble(value.double_value(), out);
    case v1::Value::kDecimalValue:
      return AppendDecimal(value.decimal_value(), out);
    case v1::Value::kTextValue:
      return AppendString(value.text_value(), out);
    case v1::Value::kBytesValue:
      return absl::StrAppend(out, "\"", absl::Base64Escape(value.bytes_value()), "\"");
    case v1::Value::kTimestampValue:
      return absl::StrAppend(out, "\"", Rfc3339(value.timestamp_value()), "\"");
    case v1::Value::kDateValue:
      return AppendString(value.date_value(), out);
    case v1::Value::kListValue:
      return AppendList(value.list_value(), out);
    case v1::Value::kMapValue:
      return AppendMap(value.map_value(), out);
    case v1::Value::kReferenceValue:
      if (value.reference_value().local_id().empty()) return absl::StrAppend(out, "null");
      return AppendString(value.reference_value().local_id(), out);
    case v1::Value::kNullValue:
    case v1::Value::kOmittedValue:
    case v1::Value::KIND_NOT_SET:
      return absl::StrAppend(out, "null");
  }
}

}  // namespace

std::string WriteJson(const v1::Value& value) {
  std::string json;
  Append(value, &json);
  return json;
}

}  // namespace cognate::codec
