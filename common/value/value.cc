#include "common/value/value.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/value/canonical_text.h"
#include "common/value/parse.h"

namespace cognate::value {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr size_t kShownBytes = 60;

std::string Shown(absl::string_view text) {
  if (text.size() <= kShownBytes) return absl::StrCat("\"", absl::Utf8SafeCHexEscape(text), "\"");
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(text.substr(0, end)), "…\"");
}

std::string Named(absl::string_view name) { return name.empty() ? "" : Shown(name); }

std::string DescribeText(absl::string_view text) {
  const std::optional<size_t> characters = CharacterCount(text);
  if (!characters.has_value()) return absl::StrCat("text ", Shown(text), " (", text.size(), " bytes)");
  return absl::StrCat("text ", Shown(text), " (", *characters,
                      *characters == 1 ? " character)" : " characters)");
}

bool EqualLists(const v1::ListValue& a, const v1::ListValue& b) {
  return a.values_size() == b.values_size() &&
         std::equal(a.values().begin(), a.values().end(), b.values().begin(), Equal);
}

bool EqualMaps(const v1::MapValue& a, const v1::MapValue& b) {
  if (a.fields_size() != b.fields_size()) return false;
  const auto sorted = [](const v1::MapValue& map) {
    std::vector<const v1::Field*> fields;
    for (const v1::Field& field : map.fields()) fields.push_back(&field);
    std::sort(fields.begin(), fields.end(), [](auto* x, auto* y) { return x->name() < y->name(); });
    return fields;
  };
  const auto left = sorted(a);
  const auto right = sorted(b);
  return std::equal(left.begin(), left.end(), right.begin(), [](const v1::Field* x, const v1::Field* y) {
    return x->name() == y->name() && Equal(x->value(), y->value());
  });
}

}  // namespace

v1::Value Null() {
  v1::Value value;
  value.set_null_value(google::protobuf::NULL_VALUE);
  return value;
}

v1::Value Bool(bool flag) {
  v1::Value value;
  value.set_bool_value(flag);
  return value;
}

v1::Value Int(int64_t number) {
  v1::Value value;
  value.set_int64_value(number);
  return value;
}

v1::Value Double(double number) {
  v1::Value value;
  value.set_double_value(number);
  return value;
}

v1::Value Decimal(absl::string_view text) {
  v1::Value value;
  value.set_decimal_value(text.data(), text.size());
  return value;
}

v1::Value Text(absl::string_view text) {
  v1::Value value;
  value.set_text_value(text.data(), text.size());
  return value;
}

v1::Value Bytes(absl::string_view bytes) {
  v1::Value value;
  value.set_bytes_value(bytes.data(), bytes.size());
  return value;
}

v1::Value Timestamp(absl::Time time) { return TimestampMicros(absl::ToUnixMicros(time)); }

v1::Value TimestampMicros(int64_t micros) {
  v1::Value value;
  SetMicros(micros, value.mutable_timestamp_value());
  return value;
}

v1::Value Date(absl::string_view iso_date) {
  v1::Value value;
  value.set_date_value(iso_date.data(), iso_date.size());
  return value;
}

v1::Value List(std::initializer_list<v1::Value> values) {
  v1::Value value;
  v1::ListValue* const list = value.mutable_list_value();
  for (const v1::Value& element : values) *list->add_values() = element;
  return value;
}

v1::Value Map(std::initializer_list<std::pair<absl::string_view, v1::Value>> fields) {
  v1::Value value;
  *value.mutable_map_value()->mutable_fields() = Fields(fields).fields();
  return value;
}

v1::Fields Fields(std::initializer_list<std::pair<absl::string_view, v1::Value>> fields) {
  v1::Fields message;
  for (const auto& [name, value] : fields) {
    v1::Field* const field = message.add_fields();
    field->set_name(name.data(), name.size());
    *field->mutable_value() = value;
  }
  return message;
}

bool IsNull(const v1::Value& value) { return value.kind_case() == v1::Value::kNullValue; }

const v1::Value* Find(const v1::Fields& fields, absl::string_view name) {
  for (const v1::Field& field : fields.fields()) {
    if (field.name() == name) return &field.value();
  }
  return nullptr;
}

int64_t MicrosOf(const google::protobuf::Timestamp& timestamp) {
  return timestamp.seconds() * kMicrosPerSecond + timestamp.nanos() / 1000;
}

void SetMicros(int64_t micros, google::protobuf::Timestamp* timestamp) {
  int64_t seconds = micros / kMicrosPerSecond;
  int64_t rest = micros % kMicrosPerSecond;
  if (rest < 0) rest += kMicrosPerSecond, --seconds;
  timestamp->set_seconds(seconds);
  timestamp->set_nanos(static_cast<int32_t>(rest * 1000));
}

const char* KindName(v1::Value::KindCase kind) {
  switch (kind) {
    case v1::Value::kNullValue:
      return "null";
    case v1::Value::kBoolValue:
      return "bool";
    case v1::Value::kInt64Value:
      return "int64";
    case v1::Value::kDoubleValue:
      return "double";
    case v1::Value::kDecimalValue:
      return "decimal";
    case v1::Value::kTextValue:
      return "text";
    case v1::Value::kBytesValue:
      return "bytes";
    case v1::Value::kTimestampValue:
      return "timestamp";
    case v1::Value::kDateValue:
      return "date";
    case v1::Value::kListValue:
      return "list";
    case v1::Value::kMapValue:
      return "map";
    case v1::Value::kReferenceValue:
      return "reference";
    case v1::Value::kOmittedValue:
      return "omitted";
    case v1::Value::kEncodedValue:
      return "encoded";
    case v1::Value::kFileValue:
      return "file";
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return "nothing";
}

std::string Describe(const v1::Value& value) {
  const char* const kind = KindName(value);
  switch (value.kind_case()) {
    case v1::Value::kNullValue:
      return "NULL";
    case v1::Value::kTextValue:
      return DescribeText(value.text_value());
    case v1::Value::kBytesValue:
      return absl::StrCat(value.bytes_value().size(), " bytes");
    case v1::Value::kListValue:
      return absl::StrCat("list of ", value.list_value().values_size(), " values");
    case v1::Value::kMapValue:
      return absl::StrCat("map of ", value.map_value().fields_size(), " values");
    case v1::Value::kDecimalValue:
      return absl::StrCat("decimal ", absl::string_view(value.decimal_value()).substr(0, kShownBytes));
    case v1::Value::kDateValue:
      return absl::StrCat("date ", Shown(value.date_value()));
    case v1::Value::kOmittedValue:
      return absl::StrCat("a value of ", value.omitted_value().size_bytes(), " bytes, which was left out");
    case v1::Value::kEncodedValue:
      return "a text with references to other records in it";
    case v1::Value::kFileValue:
      return absl::StrCat("a file of ", value.file_value().size_bytes(), " bytes",
                          value.file_value().name().empty() ? "" : ", ", Named(value.file_value().name()));
    case v1::Value::KIND_NOT_SET:
      return "a value without a kind";
    default:
      break;
  }
  std::string text = absl::StrCat(kind, " ");
  AppendCanonicalText(value, &text);
  return text;
}

bool Equal(const v1::Value& a, const v1::Value& b) {
  if (a.kind_case() != b.kind_case()) return false;
  switch (a.kind_case()) {
    case v1::Value::kNullValue:
    case v1::Value::KIND_NOT_SET:
      return true;
    case v1::Value::kBoolValue:
      return a.bool_value() == b.bool_value();
    case v1::Value::kInt64Value:
      return a.int64_value() == b.int64_value();
    case v1::Value::kDoubleValue:
      return a.double_value() == b.double_value() ||
             (std::isnan(a.double_value()) && std::isnan(b.double_value()));
    case v1::Value::kDecimalValue:
      return a.decimal_value() == b.decimal_value();
    case v1::Value::kTextValue:
      return a.text_value() == b.text_value();
    case v1::Value::kBytesValue:
      return a.bytes_value() == b.bytes_value();
    case v1::Value::kTimestampValue:
      return a.timestamp_value().seconds() == b.timestamp_value().seconds() &&
             a.timestamp_value().nanos() == b.timestamp_value().nanos();
    case v1::Value::kDateValue:
      return a.date_value() == b.date_value();
    case v1::Value::kListValue:
      return EqualLists(a.list_value(), b.list_value());
    case v1::Value::kMapValue:
      return EqualMaps(a.map_value(), b.map_value());
    case v1::Value::kReferenceValue:
      return a.reference_value().entity_id() == b.reference_value().entity_id() &&
             a.reference_value().model() == b.reference_value().model() &&
             a.reference_value().local_id() == b.reference_value().local_id();
    case v1::Value::kOmittedValue:
      return false;  // Nobody knows.
    case v1::Value::kEncodedValue:
      return a.encoded_value().encoding() == b.encoded_value().encoding() &&
             Equal(a.encoded_value().value(), b.encoded_value().value());
    case v1::Value::kFileValue:
      return a.file_value().sha256() == b.file_value().sha256() &&
             a.file_value().path() == b.file_value().path();
  }
  return false;
}

}  // namespace cognate::value
