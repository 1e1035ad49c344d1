#include "common/value/convert.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/value/canonical_text.h"
#include "common/value/convert_number.h"
#include "common/value/parse.h"
#include "common/value/refusal.h"
#include "common/value/value.h"

namespace cognate::value {
namespace {

using v1::ModelField;
using v1::Value;

bool IsPaddedType(absl::string_view native_type) {
  return absl::StartsWith(native_type, "character(") || absl::StartsWith(native_type, "char(") ||
         native_type == "character" || absl::StartsWith(native_type, "bpchar");
}

v1::OutcomeError TooLarge(const v1::OmittedValue& omitted, const ModelField& field) {
  return Refuse("VALUE_TOO_LARGE", field,
                absl::StrCat("got ", omitted.size_bytes(), " bytes, want at most ", omitted.limit_bytes(),
                             "; shorten it at the source, or take the field out of the mapping"));
}

Refusal ToText(const Value& from, const ModelField& field, Value* to) {
  switch (from.kind_case()) {
    case Value::kTextValue: {
      absl::string_view text = from.text_value();
      if (!text.empty() && text.back() == ' ' && IsPaddedType(field.native_type())) {
        text = text.substr(0, text.find_last_not_of(' ') + 1);
      }
      to->set_text_value(text.data(), text.size());
      break;
    }
    case Value::kInt64Value:
    case Value::kDoubleValue:
    case Value::kDecimalValue:
    case Value::kTimestampValue:
    case Value::kDateValue:
      AppendCanonicalText(from, to->mutable_text_value());
      break;
    default:
      return WrongType(from, field);
  }
  const std::optional<size_t> characters = CharacterCount(to->text_value());
  if (!characters.has_value()) return BadEncoding(field);
  if (field.max_length() > 0 && *characters > static_cast<size_t>(field.max_length())) {
    return Refuse("VALUE_TOO_LONG", field,
                  absl::StrCat("got ", Describe(*to), ", want at most ", field.max_length(),
                               " characters; shorten it at the source or widen the target field"));
  }
  return std::nullopt;
}

Refusal ToTimestamp(const Value& from, const ModelField& field, Value* to) {
  std::optional<int64_t> micros;
  switch (from.kind_case()) {
    case Value::kTimestampValue:
      micros = MicrosOf(from.timestamp_value());
      break;
    case Value::kTextValue:
      micros = ParseTimestamp(from.text_value());
      break;
    case Value::kDateValue:
      micros = ParseDate(from.date_value());
      break;
    default:
      return WrongType(from, field);
  }
  if (!micros.has_value()) return InvalidText(from, field, "a time such as 2026-02-28 12:34:56.123456+00");
  SetMicros(*micros, to->mutable_timestamp_value());
  return std::nullopt;
}

Refusal ToDate(const Value& from, const ModelField& field, Value* to) {
  if (from.kind_case() != Value::kDateValue && from.kind_case() != Value::kTextValue)
    return WrongType(from, field);
  const std::string& text = from.kind_case() == Value::kDateValue ? from.date_value() : from.text_value();
  // What a database itself called a date may be one that is not ours to check: `infinity`, years after 9999.
  if (from.kind_case() == Value::kTextValue && !IsDate(text))
    return InvalidText(from, field, "a date such as 2026-02-28");
  if (!CharacterCount(text).has_value()) return BadEncoding(field);
  to->set_date_value(text);
  return std::nullopt;
}

Refusal ToUuid(const Value& from, const ModelField& field, Value* to) {
  if (from.kind_case() != Value::kTextValue) return WrongType(from, field);
  std::optional<std::string> uuid = NormalUuid(from.text_value());
  if (!uuid.has_value())
    return InvalidText(from, field, "a UUID such as 0193c1a2-7f6e-7c3d-8a4b-1f2e3d4c5b6a");
  to->set_text_value(*std::move(uuid));
  return std::nullopt;
}

Refusal ToJson(const Value& from, const ModelField& field, Value* to) {
  if (from.kind_case() == Value::kListValue || from.kind_case() == Value::kMapValue) {
    AppendJson(from, to->mutable_text_value());
  } else if (from.kind_case() == Value::kTextValue) {
    to->set_text_value(from.text_value());
  } else {
    return WrongType(from, field);
  }
  if (!CharacterCount(to->text_value()).has_value()) return BadEncoding(field);
  if (!IsJson(to->text_value())) return InvalidText(from, field, "JSON");
  return std::nullopt;
}

Refusal ToEnum(const Value& from, const ModelField& field, Value* to) {
  if (from.kind_case() != Value::kTextValue) return WrongType(from, field);
  const auto& labels = field.enum_labels();
  if (!labels.empty() && std::find(labels.begin(), labels.end(), from.text_value()) == labels.end()) {
    return Refuse("NOT_AN_ENUM_LABEL", field,
                  absl::StrCat("got ", Describe(from), ", want one of ", absl::StrJoin(labels, ", "),
                               "; correct the value or add the label to the target's enum"));
  }
  to->set_text_value(from.text_value());
  return std::nullopt;
}

Refusal ToOther(const Value& from, const ModelField& field, Value* to) {
  if (from.kind_case() != Value::kTextValue) return WrongType(from, field);
  if (!CharacterCount(from.text_value()).has_value()) return BadEncoding(field);
  to->set_text_value(from.text_value());
  return std::nullopt;
}

Refusal ToList(const Value& from, const ModelField& field, Value* to) {
  if (from.kind_case() != Value::kListValue) return WrongType(from, field);
  ModelField element_field;
  element_field.set_name(field.name());
  element_field.set_type(field.element_type());
  element_field.set_nullable(true);
  v1::ListValue* const list = to->mutable_list_value();
  for (const Value& element : from.list_value().values()) {
    // Arrays of several dimensions are lists of lists.
    const ModelField& inner = element.kind_case() == Value::kListValue ? field : element_field;
    if (Refusal refusal = Convert(element, inner, list->add_values()); refusal.has_value()) return refusal;
  }
  return std::nullopt;
}

}  // namespace

Refusal Convert(const Value& from, const ModelField& field, Value* to) {
  if (from.kind_case() == Value::kNullValue) {
    if (!field.nullable()) {
      return Refuse("NOT_NULL", field,
                    "got NULL, want a value; fill it in at the source or let the target field be empty");
    }
    to->set_null_value(google::protobuf::NULL_VALUE);
    return std::nullopt;
  }
  if (from.kind_case() == Value::kReferenceValue) {
    *to = from;
    return std::nullopt;
  }
  if (from.kind_case() == Value::kOmittedValue) return TooLarge(from.omitted_value(), field);
  if (from.kind_case() == Value::kFileValue) {
    return Refuse("WRONG_TYPE", field,
                  absl::StrCat("got ", Describe(from), ", want ", TypeName(field.type()),
                               "; say in the mapping what becomes of the file (`file`)"));
  }
  switch (field.type()) {
    case v1::FIELD_TYPE_BOOL:
      if (from.kind_case() != Value::kBoolValue) return WrongType(from, field);
      to->set_bool_value(from.bool_value());
      return std::nullopt;
    case v1::FIELD_TYPE_BYTES:
      if (from.kind_case() != Value::kBytesValue) return WrongType(from, field);
      to->set_bytes_value(from.bytes_value());
      return std::nullopt;
    case v1::FIELD_TYPE_INTEGER:
      return ToInteger(from, field, to);
    case v1::FIELD_TYPE_FLOAT:
      return ToFloat(from, field, to);
    case v1::FIELD_TYPE_DECIMAL:
      return ToDecimal(from, field, to);
    case v1::FIELD_TYPE_TEXT:
      return ToText(from, field, to);
    case v1::FIELD_TYPE_TIMESTAMP:
    case v1::FIELD_TYPE_LOCAL_TIMESTAMP:
      return ToTimestamp(from, field, to);
    case v1::FIELD_TYPE_DATE:
      return ToDate(from, field, to);
    case v1::FIELD_TYPE_UUID:
      return ToUuid(from, field, to);
    case v1::FIELD_TYPE_JSON:
      return ToJson(from, field, to);
    case v1::FIELD_TYPE_ENUM:
      return ToEnum(from, field, to);
    case v1::FIELD_TYPE_LIST:
      return ToList(from, field, to);
    default:
      return ToOther(from, field, to);
  }
}

}  // namespace cognate::value
