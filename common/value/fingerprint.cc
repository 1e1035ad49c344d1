#include "common/value/fingerprint.h"

#include <algorithm>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "common/value/canonical_text.h"

namespace cognate::value {
namespace {

// What is hashed: for every field in the order of names its name and value, each preceded by its length, so
// that no two different records give the same bytes.
constexpr char kNull = 'n';
constexpr char kScalar = 's';
constexpr char kList = 'l';
constexpr char kMap = 'm';
constexpr size_t kLengthBytes = sizeof(uint32_t);

void WriteLength(size_t length, char* to) {
  for (size_t i = 0; i < kLengthBytes; ++i) to[i] = static_cast<char>(length >> (8 * i));
}

void AppendLength(size_t length, std::string* out) {
  char bytes[kLengthBytes];
  WriteLength(length, bytes);
  out->append(bytes, kLengthBytes);
}

std::string Prefix(absl::string_view name) {
  std::string prefix;
  AppendLength(name.size(), &prefix);
  prefix.append(name.data(), name.size());
  return prefix;
}

void AppendValue(const v1::Value& value, std::string* out);

void AppendMap(const v1::MapValue& map, std::string* out) {
  std::vector<const v1::Field*> fields;
  for (const v1::Field& field : map.fields()) fields.push_back(&field);
  std::sort(fields.begin(), fields.end(), [](auto* a, auto* b) { return a->name() < b->name(); });
  out->push_back(kMap);
  AppendLength(fields.size(), out);
  for (const v1::Field* field : fields) {
    AppendLength(field->name().size(), out);
    out->append(field->name());
    AppendValue(field->value(), out);
  }
}

void AppendScalar(const v1::Value& value, std::string* out) {
  const size_t start = out->size();
  out->push_back(kScalar);
  out->append(kLengthBytes, '\0');
  if (!AppendCanonicalText(value, out)) {
    out->resize(start);
    out->push_back(kNull);
    return;
  }
  WriteLength(out->size() - start - 1 - kLengthBytes, out->data() + start + 1);
}

void AppendValue(const v1::Value& value, std::string* out) {
  switch (value.kind_case()) {
    case v1::Value::kNullValue:
    case v1::Value::KIND_NOT_SET:
      out->push_back(kNull);
      return;
    case v1::Value::kListValue:
      out->push_back(kList);
      AppendLength(static_cast<size_t>(value.list_value().values_size()), out);
      for (const v1::Value& element : value.list_value().values()) AppendValue(element, out);
      return;
    case v1::Value::kMapValue:
      AppendMap(value.map_value(), out);
      return;
    case v1::Value::kReferenceValue:
      // A reference that is not there yet, or was left empty, is written as NULL.
      if (value.reference_value().local_id().empty()) return out->push_back(kNull);
      return AppendScalar(value, out);
    default:
      AppendScalar(value, out);
  }
}

std::vector<absl::string_view> Views(absl::Span<const std::string> names) {
  return {names.begin(), names.end()};
}

}  // namespace

std::string Digest(absl::string_view bytes) {
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits(bytes.data(), bytes.size()));
  return std::string(reinterpret_cast<const char*>(digest.digest), sizeof(digest.digest));
}

Fingerprinter::Fingerprinter(absl::Span<const std::string> names) : Fingerprinter(Views(names)) {}

Fingerprinter::Fingerprinter(absl::Span<const absl::string_view> names) {
  std::vector<size_t> order(names.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return names[a] < names[b]; });
  fields_.reserve(names.size());
  for (const size_t index : order) fields_.push_back({Prefix(names[index]), index});
}

template <typename ValueAt>
std::string Fingerprinter::Hash(ValueAt value_at) const {
  thread_local std::string bytes;  // keeps its room from record to record
  bytes.clear();
  for (const Field& field : fields_) {
    bytes.append(field.prefix);
    AppendValue(value_at(field.index), &bytes);
  }
  return Digest(bytes);
}

std::string Fingerprinter::Of(absl::Span<const v1::Value* const> values) const {
  return Hash([&](size_t index) -> const v1::Value& { return *values[index]; });
}

std::string Fingerprinter::Of(const google::protobuf::RepeatedPtrField<v1::Value>& values) const {
  return Hash([&](size_t index) -> const v1::Value& { return values.Get(static_cast<int>(index)); });
}

std::string Fingerprint(const v1::Fields& fields) {
  std::vector<absl::string_view> names;
  std::vector<const v1::Value*> values;
  for (const v1::Field& field : fields.fields()) {
    names.emplace_back(field.name());
    values.push_back(&field.value());
  }
  return Fingerprinter(absl::MakeConstSpan(names)).Of(values);
}

}  // namespace cognate::value
