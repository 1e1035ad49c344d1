#include "services/transformer/file_field.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/codec/json.h"
#include "common/value/convert.h"
#include "common/value/refusal.h"
#include "common/value/value.h"

namespace cognate::transformer {
namespace {

using absl::StrCat;
using v1::Value;

bool IsOne(const Value& value) { return value.has_text_value() || value.has_file_value(); }

// What a JSON text holds, where that is a list or a text; else the text itself, which is a path.
Value Decoded(const Value& from, const v1::ModelField& source) {
  if (source.type() != v1::FIELD_TYPE_JSON || !from.has_text_value()) return from;
  const absl::StatusOr<Value> read = codec::ReadJson(from.text_value());
  const bool is_known =
      read.ok() && (read->has_list_value() || read->has_text_value() || read->has_null_value());
  return is_known ? *read : from;
}

v1::OutcomeError WrongKind(const v1::CompiledField& field, const Value& got) {
  return value::Refuse("WRONG_TYPE", field.target_field(),
                       StrCat("got ", value::Describe(got), " in ", field.source(),
                              ", want the path or address of a file, or a list of such"));
}

std::optional<v1::OutcomeError> TakeList(const Value& from, const v1::CompiledField& field, Value* to) {
  const int limit = field.file().max_count();
  if (limit > 0 && from.list_value().values_size() > limit) {
    return value::Refuse(
        "TOO_MANY_FILES", field.target_field(),
        StrCat("got ", from.list_value().values_size(), " files in ", field.source(), ", want at most ",
               limit, "; take some away at the source, or raise `file.max_count` of the mapping"));
  }
  for (const Value& element : from.list_value().values()) {
    if (!IsOne(element) && !element.has_null_value()) return WrongKind(field, element);
  }
  if (field.target_field().type() == v1::FIELD_TYPE_LIST) {
    *to = from;
  } else {
    to->mutable_encoded_value()->set_encoding(v1::ENCODING_JSON);
    *to->mutable_encoded_value()->mutable_value() = from;
  }
  return std::nullopt;
}

}  // namespace

bool LeadsToFile(const Value& value) {
  if (value.has_file_value()) return true;
  if (value.has_text_value()) return !value.text_value().empty();
  if (value.has_encoded_value()) return LeadsToFile(value.encoded_value().value());
  return value.has_list_value() &&
         std::any_of(value.list_value().values().begin(), value.list_value().values().end(), LeadsToFile);
}

std::optional<v1::OutcomeError> TakeFiles(const Value& given, const v1::CompiledField& field, Value* to) {
  const v1::ModelField& wanted = field.target_field();
  const Value from = Decoded(given, field.source_field());
  const bool is_empty = from.has_null_value() || (from.has_text_value() && from.text_value().empty());
  if (is_empty || from.has_omitted_value()) {
    const bool takes_text = from.has_text_value() && wanted.type() == v1::FIELD_TYPE_TEXT;
    return value::Convert(takes_text || from.has_omitted_value() ? from : value::Null(), wanted, to);
  }
  if (from.has_list_value()) return TakeList(from, field, to);
  if (!IsOne(from)) return WrongKind(field, from);
  if (wanted.type() == v1::FIELD_TYPE_LIST) {
    *to->mutable_list_value()->add_values() = from;
  } else if (wanted.type() == v1::FIELD_TYPE_JSON) {
    to->mutable_encoded_value()->set_encoding(v1::ENCODING_JSON);
    *to->mutable_encoded_value()->mutable_value() = from;
  } else {
    *to = from;
  }
  return std::nullopt;
}

bool HasFiles(const Item& item) {
  if (item.shape->departure != nullptr) return false;
  for (int i = 0; i < item.delivery->values_size(); ++i) {
    if (item.shape->fields[static_cast<size_t>(i)]->rule->has_file() && LeadsToFile(item.delivery->values(i)))
      return true;
  }
  return false;
}

}  // namespace cognate::transformer
