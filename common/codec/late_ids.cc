#include "common/codec/late_ids.h"

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/codec/json.h"
#include "common/codec/php.h"
#include "common/status/status_macros.h"
#include "common/value/canonical_text.h"
#include "common/value/value.h"

namespace cognate::codec {
namespace {

using v1::Value;

// The local id of a reference; a number only where that says the same.
void WriteId(const v1::Reference& reference, Value* to) {
  int64_t number = 0;
  if (reference.local_id().empty()) {
    to->set_null_value(google::protobuf::NULL_VALUE);
  } else if (reference.is_number() && absl::SimpleAtoi(reference.local_id(), &number) &&
             absl::StrCat(number) == reference.local_id()) {
    to->set_int64_value(number);
  } else {
    to->set_text_value(reference.local_id());
  }
}

absl::Status EncodeCommas(const Value& value, std::string* text) {
  bool is_first = true;
  for (const Value& element : value.list_value().values()) {
    if (!is_first) text->push_back(',');
    is_first = false;
    const size_t begin = text->size();
    if (element.has_null_value()) continue;
    if (!value::AppendCanonicalText(element, text) || text->find(',', begin) != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("got ", value::Describe(element), " in a list, want plain values without a comma"));
    }
  }
  return value.has_list_value()
             ? absl::OkStatus()
             : absl::InvalidArgumentError(absl::StrCat("got ", value::Describe(value), ", want a list"));
}

absl::Status Encode(v1::Encoding encoding, const Value& value, std::string* text) {
  if (encoding == v1::ENCODING_COMMA_LIST) return EncodeCommas(value, text);
  if (encoding == v1::ENCODING_JSON) {
    *text = WriteJson(value);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(*text, WritePhp(value));
  return absl::OkStatus();
}

}  // namespace

void ForEachReference(const Value& value, absl::FunctionRef<void(const Value&)> visit) {
  if (value.has_reference_value()) return visit(value);
  if (value.has_encoded_value()) return ForEachReference(value.encoded_value().value(), visit);
  for (const Value& element : value.list_value().values()) ForEachReference(element, visit);
  for (const v1::Field& field : value.map_value().fields()) ForEachReference(field.value(), visit);
}

void ForEachReference(Value* value, absl::FunctionRef<void(Value*)> visit) {
  if (value->has_reference_value()) return visit(value);
  if (value->has_encoded_value())
    return ForEachReference(value->mutable_encoded_value()->mutable_value(), visit);
  if (value->has_list_value()) {
    for (Value& element : *value->mutable_list_value()->mutable_values()) ForEachReference(&element, visit);
  } else if (value->has_map_value()) {
    for (v1::Field& field : *value->mutable_map_value()->mutable_fields())
      ForEachReference(field.mutable_value(), visit);
  }
}

bool HoldsReferences(const Value& value) {
  bool holds = false;
  ForEachReference(value, [&](const Value&) { holds = true; });
  return holds;
}

absl::Status WriteIds(const Value& from, Value* to) {
  switch (from.kind_case()) {
    case Value::kReferenceValue:
      WriteId(from.reference_value(), to);
      return absl::OkStatus();
    case Value::kEncodedValue: {
      Value plain;
      RETURN_IF_ERROR(WriteIds(from.encoded_value().value(), &plain));
      return Encode(from.encoded_value().encoding(), plain, to->mutable_text_value());
    }
    case Value::kListValue: {
      v1::ListValue* const list = to->mutable_list_value();
      for (const Value& element : from.list_value().values())
        RETURN_IF_ERROR(WriteIds(element, list->add_values()));
      return absl::OkStatus();
    }
    case Value::kMapValue: {
      v1::MapValue* const map = to->mutable_map_value();
      for (const v1::Field& field : from.map_value().fields()) {
        v1::Field* const made = map->add_fields();
        made->set_name(field.name());
        RETURN_IF_ERROR(WriteIds(field.value(), made->mutable_value()));
      }
      return absl::OkStatus();
    }
    default:
      *to = from;
      return absl::OkStatus();
  }
}

}  // namespace cognate::codec
