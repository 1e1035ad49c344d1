#include <algorithm>
#include <cmath>

#include <unicode/utf8.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/codec/json.h"
#include "common/codec/rfc3339.h"
#include "common/value/canonical_text.h"
#include "common/value/parse.h"

namespace cognate::codec {
namespace {

bool IsPlain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void AppendEscape(char c, std::string* out) {
  static constexpr absl::string_view kControls = "\b\f\n\r\t\"\\";
  static constexpr absl::string_view kEscapes = "bfnrt\"\\";
  if (const size_t known = kControls.find(c); known != absl::string_view::npos) {
    out->push_back('\\');
    out->push_back(kEscapes[known]);
  } else {
    absl::StrAppend(out, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
  }
}

std::string WithoutBadBytes(absl::string_view text) {
  std::string mended;
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t at = 0; at < size;) {
    const int32_t begin = at;
    UChar32 code_point;
    U8_NEXT(text.data(), at, size, code_point);
    absl::StrAppend(&mended, code_point < 0
                                 ? absl::string_view("\uFFFD")
                                 : text.substr(static_cast<size_t>(begin), static_cast<size_t>(at - begin)));
  }
  return mended;
}

void AppendString(absl::string_view text, std::string* out) {
  std::string mended;
  if (!value::CharacterCount(text).has_value()) text = mended = WithoutBadBytes(text);
  out->push_back('"');
  while (!text.empty()) {
    const auto plain =
        static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsPlain) - text.begin());
    absl::StrAppend(out, text.substr(0, plain));
    if (plain == text.size()) break;
    AppendEscape(text[plain], out);
    text.remove_prefix(plain + 1);
  }
  out->push_back('"');
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
    case v1::Value::kFileValue: {
      std::string path;
      value::AppendCanonicalText(value, &path);
      return AppendString(path, out);
    }
    case v1::Value::kNullValue:
    case v1::Value::kOmittedValue:
    case v1::Value::kEncodedValue:
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
