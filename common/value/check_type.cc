// What types alone decide: whether a captured value belongs into its field, and whether a field can ever feed
// another.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/value/canonical_text.h"
#include "common/value/convert.h"
#include "common/value/parse.h"
#include "common/value/refusal.h"
#include "common/value/value.h"

namespace cognate::value {
namespace {

using v1::ModelField;
using v1::Value;

// Which kinds a field's values may come as.
bool KindFits(Value::KindCase kind, v1::FieldType type) {
  switch (type) {
    case v1::FIELD_TYPE_BOOL:
      return kind == Value::kBoolValue;
    case v1::FIELD_TYPE_INTEGER:
      return kind == Value::kInt64Value;
    case v1::FIELD_TYPE_FLOAT:
      return kind == Value::kDoubleValue || kind == Value::kInt64Value;
    case v1::FIELD_TYPE_DECIMAL:
      return kind == Value::kDecimalValue || kind == Value::kInt64Value;
    case v1::FIELD_TYPE_BYTES:
      return kind == Value::kBytesValue;
    case v1::FIELD_TYPE_TIMESTAMP:
    case v1::FIELD_TYPE_LOCAL_TIMESTAMP:
      return kind == Value::kTimestampValue;
    case v1::FIELD_TYPE_DATE:
      return kind == Value::kDateValue;
    case v1::FIELD_TYPE_LIST:
      return kind == Value::kListValue;
    case v1::FIELD_TYPE_JSON:
      return kind == Value::kTextValue || kind == Value::kListValue || kind == Value::kMapValue;
    case v1::FIELD_TYPE_UNSPECIFIED:
      return kind != Value::kReferenceValue && kind != Value::kOmittedValue && kind != Value::kEncodedValue &&
             kind != Value::KIND_NOT_SET;
    case v1::FIELD_TYPE_TEXT:
      return kind == Value::kTextValue || kind == Value::kFileValue;
    default:
      return kind == Value::kTextValue;
  }
}

// Empty if it is well formed.
std::string FaultOf(const v1::FileValue& file) {
  if (file.sha256().size() != 32)
    return absl::StrCat("a sha256 of 32 bytes instead of ", file.sha256().size());
  if (file.size_bytes() < 0) return absl::StrCat("a size of 0 or more instead of ", file.size_bytes());
  if (file.name().size() > 255 || absl::StrContains(file.name(), '/') ||
      !CharacterCount(file.name()).has_value())
    return "a name of at most 255 bytes, in UTF-8, without a slash and NUL characters";
  if (file.path().size() > 4'096 || !CharacterCount(file.path()).has_value())
    return "a path of at most 4096 bytes, in UTF-8, without NUL characters";
  return "";
}

v1::OutcomeError Wrong(absl::string_view reason, const ModelField& field, const Value& value,
                       absl::string_view want) {
  v1::OutcomeError error;
  error.set_reason(std::string(reason));
  error.set_field(field.name());
  error.set_message(absl::StrCat("field ", field.name(), ": got ", Describe(value), ", want ", want));
  return error;
}

bool IsText(v1::FieldType type) {
  return type == v1::FIELD_TYPE_TEXT || type == v1::FIELD_TYPE_ENUM || type == v1::FIELD_TYPE_UUID ||
         type == v1::FIELD_TYPE_JSON || type == v1::FIELD_TYPE_OTHER;
}

bool IsTime(v1::FieldType type) {
  return type == v1::FIELD_TYPE_TIMESTAMP || type == v1::FIELD_TYPE_LOCAL_TIMESTAMP ||
         type == v1::FIELD_TYPE_DATE;
}

bool IsNumber(v1::FieldType type) {
  return type == v1::FIELD_TYPE_INTEGER || type == v1::FIELD_TYPE_FLOAT || type == v1::FIELD_TYPE_DECIMAL;
}

bool TypesConvert(v1::FieldType from, v1::FieldType to) {
  if (from == to || from == v1::FIELD_TYPE_UNSPECIFIED || to == v1::FIELD_TYPE_UNSPECIFIED) return true;
  switch (to) {
    case v1::FIELD_TYPE_TEXT:
      return IsText(from) || IsTime(from) || IsNumber(from);
    case v1::FIELD_TYPE_INTEGER:
      return from == v1::FIELD_TYPE_DECIMAL;
    case v1::FIELD_TYPE_FLOAT:
      return from == v1::FIELD_TYPE_INTEGER;
    case v1::FIELD_TYPE_DECIMAL:
      return IsNumber(from);
    case v1::FIELD_TYPE_TIMESTAMP:
    case v1::FIELD_TYPE_LOCAL_TIMESTAMP:
      return IsTime(from) || from == v1::FIELD_TYPE_TEXT;
    case v1::FIELD_TYPE_DATE:
    case v1::FIELD_TYPE_UUID:
    case v1::FIELD_TYPE_OTHER:
      return from == v1::FIELD_TYPE_TEXT;
    case v1::FIELD_TYPE_ENUM:
      return from == v1::FIELD_TYPE_TEXT;
    case v1::FIELD_TYPE_JSON:
      return from == v1::FIELD_TYPE_TEXT || from == v1::FIELD_TYPE_LIST;
    default:
      return false;
  }
}

int BitsOf(const ModelField& field) { return field.size_bits() == 0 ? 64 : field.size_bits(); }

std::string Warning(const ModelField& from, const ModelField& to) {
  if (to.type() == v1::FIELD_TYPE_INTEGER && from.type() == v1::FIELD_TYPE_DECIMAL)
    return "values with a fraction";
  if (to.type() == v1::FIELD_TYPE_INTEGER && BitsOf(to) < BitsOf(from)) {
    return absl::StrCat("values beyond ", BitsOf(to), " bits");
  }
  if (to.type() == v1::FIELD_TYPE_FLOAT &&
      (from.type() == v1::FIELD_TYPE_INTEGER || BitsOf(to) < BitsOf(from))) {
    return absl::StrCat("values that ", BitsOf(to), " bits cannot hold exactly");
  }
  if (to.type() == v1::FIELD_TYPE_DECIMAL && to.precision() > 0 &&
      (from.type() != v1::FIELD_TYPE_DECIMAL || from.precision() == 0 || from.scale() > to.scale() ||
       from.precision() - from.scale() > to.precision() - to.scale())) {
    return absl::StrCat("values beyond ", to.precision() - to.scale(), " digits before and ", to.scale(),
                        " after the point");
  }
  if (to.type() == v1::FIELD_TYPE_TEXT && to.max_length() > 0 &&
      (from.max_length() == 0 || from.max_length() > to.max_length())) {
    return absl::StrCat("values longer than ", to.max_length(), " characters");
  }
  if (to.type() == v1::FIELD_TYPE_ENUM) {
    for (const std::string& label : from.enum_labels()) {
      if (std::find(to.enum_labels().begin(), to.enum_labels().end(), label) == to.enum_labels().end()) {
        return absl::StrCat("values such as ", label);
      }
    }
    if (from.type() == v1::FIELD_TYPE_TEXT) return "values that are none of its labels";
  }
  if (from.type() == v1::FIELD_TYPE_TEXT && to.type() != v1::FIELD_TYPE_TEXT) {
    return absl::StrCat("texts that are no ", TypeName(to.type()));
  }
  if (from.type() == v1::FIELD_TYPE_OTHER && to.type() == v1::FIELD_TYPE_OTHER &&
      from.native_type() != to.native_type()) {
    return absl::StrCat("texts that ", to.native_type(), " does not read");
  }
  if (from.nullable() && !to.nullable()) return "empty values";
  return "";
}

}  // namespace

std::string TypeName(v1::FieldType type) {
  absl::string_view name = v1::FieldType_Name(type);
  absl::ConsumePrefix(&name, "FIELD_TYPE_");
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", " "}});
}

std::optional<v1::OutcomeError> CheckType(const Value& value, const ModelField& field) {
  if (value.kind_case() == Value::kNullValue) return std::nullopt;
  if (!KindFits(value.kind_case(), field.type())) {
    return Wrong("WRONG_TYPE", field, value, absl::StrCat("a value for ", TypeName(field.type())));
  }
  switch (value.kind_case()) {
    case Value::kTextValue:
      if (!CharacterCount(value.text_value()).has_value()) {
        return Wrong("BAD_ENCODING", field, value, "UTF-8 without NUL characters");
      }
      return std::nullopt;
    case Value::kFileValue:
      if (const std::string fault = FaultOf(value.file_value()); !fault.empty())
        return Wrong("WRONG_TYPE", field, value, fault);
      return std::nullopt;
    case Value::kDecimalValue:
      if (!IsDecimal(value.decimal_value()))
        return Wrong("INVALID_TEXT", field, value, "a number such as -12.50");
      return std::nullopt;
    case Value::kDateValue:
      if (!IsDate(value.date_value()))
        return Wrong("INVALID_TEXT", field, value, "a date such as 2026-02-28");
      return std::nullopt;
    case Value::kListValue: {
      if (field.type() != v1::FIELD_TYPE_LIST) return std::nullopt;
      ModelField element_field;
      element_field.set_name(field.name());
      element_field.set_type(field.element_type());
      for (const Value& element : value.list_value().values()) {
        const ModelField& inner = element.kind_case() == Value::kListValue ? field : element_field;
        if (std::optional<v1::OutcomeError> error = CheckType(element, inner); error.has_value())
          return error;
      }
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

Convertibility CanConvert(const ModelField& from, const ModelField& to) {
  Convertibility answer;
  if (from.type() == v1::FIELD_TYPE_UNSPECIFIED) {
    answer.warning = absl::StrCat("nothing is known of ", from.name(), ": values that ", Named(to),
                                  " cannot hold will be refused");
    return answer;
  }
  const bool lists = from.type() == v1::FIELD_TYPE_LIST && to.type() == v1::FIELD_TYPE_LIST;
  answer.possible =
      lists ? TypesConvert(from.element_type(), to.element_type()) : TypesConvert(from.type(), to.type());
  if (!answer.possible) {
    answer.reason = absl::StrCat(Named(from), " cannot be turned into ", Named(to),
                                 "; map another field, or change the type on one side");
    return answer;
  }
  if (const std::string refused = Warning(from, to); !refused.empty()) {
    answer.warning = absl::StrCat(Named(from), " into ", Named(to), ": ", refused, " will be refused");
  }
  return answer;
}

}  // namespace cognate::value
