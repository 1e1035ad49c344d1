// Fingerprints: XXH3-128 over a record's fields in canonical form, 16 bytes in network order. What was
// written and what the target's own capture reads back have the same fingerprint, although kinds and forms
// may differ (canonical_text.h).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/value.pb.h"

namespace cognate::value {

// XXH3-128 of any bytes, in network order.
std::string Digest(absl::string_view bytes);

// For one set of field names: sorts them once. Make one for each shape, not for each record. Immutable, so
// thread safe.
class Fingerprinter {
 public:
  explicit Fingerprinter(absl::Span<const absl::string_view> names);
  explicit Fingerprinter(absl::Span<const std::string> names);
  // Of any container of strings, such as DeliveryGroup.field_names().
  template <typename Names>
  static Fingerprinter For(const Names& names) {
    return Fingerprinter(std::vector<absl::string_view>(names.begin(), names.end()));
  }

  // `values[i]` belongs to `names[i]`. The names count: another set of fields is another fingerprint.
  std::string Of(absl::Span<const v1::Value* const> values) const;
  // The same for DeliveryGroup's `Delivery.values`.
  std::string Of(const google::protobuf::RepeatedPtrField<v1::Value>& values) const;

  size_t size() const { return fields_.size(); }

 private:
  struct Field {
    std::string prefix;  // the name, ready to be hashed
    size_t index;        // into values
  };
  template <typename ValueAt>
  std::string Hash(ValueAt value_at) const;

  std::vector<Field> fields_;
};

// Of fields as they lie in a change.
std::string Fingerprint(const v1::Fields& fields);

}  // namespace cognate::value
