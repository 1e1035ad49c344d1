#include "common/transform/known_field.h"

#include <algorithm>

#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::transform {

using v1::ModelField;
using v1::Value;

bool IsIn(const KnownField& known, TypeSet types) {
  if (known.holds_references) return (types & kReferences) != 0;
  return known.field.type() == v1::FIELD_TYPE_UNSPECIFIED || (types & Only(known.field.type())) != 0;
}

ModelField FieldOf(v1::FieldType type) {
  ModelField field;
  field.set_type(type);
  return field;
}

ModelField TextField(int max_length) {
  ModelField field = FieldOf(v1::FIELD_TYPE_TEXT);
  field.set_max_length(max_length);
  return field;
}

ModelField IntegerField() {
  ModelField field = FieldOf(v1::FIELD_TYPE_INTEGER);
  field.set_size_bits(64);
  return field;
}

ModelField FieldOf(const Value& value) {
  switch (value.kind_case()) {
    case Value::kBoolValue:
      return FieldOf(v1::FIELD_TYPE_BOOL);
    case Value::kInt64Value:
      return IntegerField();
    case Value::kDoubleValue: {
      ModelField field = FieldOf(v1::FIELD_TYPE_FLOAT);
      field.set_size_bits(64);
      return field;
    }
    case Value::kDecimalValue:
      return FieldOf(v1::FIELD_TYPE_DECIMAL);
    case Value::kTextValue: {
      const size_t characters = value::CharacterCount(value.text_value()).value_or(0);
      return TextField(std::max(static_cast<int>(characters), 1));
    }
    case Value::kBytesValue:
      return FieldOf(v1::FIELD_TYPE_BYTES);
    case Value::kTimestampValue:
      return FieldOf(v1::FIELD_TYPE_TIMESTAMP);
    case Value::kDateValue:
      return FieldOf(v1::FIELD_TYPE_DATE);
    case Value::kListValue: {
      ModelField field = FieldOf(v1::FIELD_TYPE_LIST);
      const auto& elements = value.list_value().values();
      for (int i = 0; i < elements.size(); ++i) {
        const v1::FieldType type = FieldOf(elements[i]).type();
        if (i > 0 && type != field.element_type()) {
          field.set_element_type(v1::FIELD_TYPE_UNSPECIFIED);
          break;
        }
        field.set_element_type(type);
      }
      return field;
    }
    default: {
      ModelField field;
      field.set_nullable(value::IsNull(value));
      return field;
    }
  }
}

ModelField Either(const ModelField& a, const ModelField& b) {
  ModelField field = a;
  field.clear_has_default();
  field.clear_generated();
  field.set_nullable(a.nullable() || b.nullable());
  if (a.type() != b.type()) {
    field = ModelField();
    field.set_name(a.name());
    field.set_nullable(a.nullable() || b.nullable());
    return field;
  }
  if (a.native_type() != b.native_type()) field.clear_native_type();
  if (a.element_type() != b.element_type()) field.clear_element_type();
  field.set_size_bits(std::max(a.size_bits(), b.size_bits()));
  field.set_max_length(a.max_length() == 0 || b.max_length() == 0 ? 0
                                                                  : std::max(a.max_length(), b.max_length()));
  if (a.precision() != b.precision() || a.scale() != b.scale()) {
    field.clear_precision();
    field.clear_scale();
  }
  const auto& labels = field.enum_labels();
  // Without labels an enum may hold any.
  if (a.enum_labels().empty() || b.enum_labels().empty()) field.clear_enum_labels();
  for (const std::string& label : b.enum_labels()) {
    if (!a.enum_labels().empty() && std::find(labels.begin(), labels.end(), label) == labels.end()) {
      field.add_enum_labels(label);
    }
  }
  return field;
}

}  // namespace cognate::transform
