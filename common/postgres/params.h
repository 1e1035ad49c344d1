// Binary parameters of one statement, written straight into the form that the wire has. Text is UTF-8 without
// NUL bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/ids/uuid.h"

namespace cognate::postgres {

// The values of $1, $2, … in order. Copies what it is given. Clear() keeps the memory for the next batch.
class Params {
 public:
  using Text = absl::string_view;
  template <typename T>
  using Many = absl::Span<const T>;
  template <typename T>
  using ManyNullable = absl::Span<const std::optional<T>>;

  Params& AddInt64(int64_t value);
  Params& AddInt32(int32_t value);
  Params& AddBool(bool value);
  Params& AddDouble(double value);
  Params& AddText(absl::string_view value);
  Params& AddBytes(absl::string_view value);
  Params& AddJsonb(absl::string_view json);
  Params& AddUuid(const Uuid& value);
  Params& AddTimestamp(absl::Time value);  // timestamptz, to the microsecond; infinite times are 'infinity'
  Params& AddNull();                       // of the type that the statement wants

  Params& AddInt64(std::optional<int64_t> value) { return value ? AddInt64(*value) : AddNull(); }
  Params& AddText(const std::optional<std::string>& value) {
    return value ? AddText(Text(*value)) : AddNull();
  }
  Params& AddText(const std::string& value) { return AddText(Text(value)); }
  Params& AddText(const char* value) { return AddText(Text(value)); }
  Params& AddUuid(const std::optional<Uuid>& value) { return value ? AddUuid(*value) : AddNull(); }
  Params& AddTimestamp(std::optional<absl::Time> value) { return value ? AddTimestamp(*value) : AddNull(); }

  // Arrays, for unnest. One pass into the buffer, no allocation for an element.
  Params& AddInt64Array(Many<int64_t> values);
  Params& AddInt64Array(ManyNullable<int64_t> values);
  Params& AddInt32Array(Many<int32_t> values);
  Params& AddInt32Array(ManyNullable<int32_t> values);
  Params& AddInt16Array(Many<int16_t> values);
  Params& AddInt16Array(ManyNullable<int16_t> values);
  Params& AddBoolArray(Many<bool> values);
  Params& AddBoolArray(const std::vector<bool>& values);
  Params& AddBoolArray(ManyNullable<bool> values);
  Params& AddTextArray(Many<Text> values);
  Params& AddTextArray(Many<std::string> values);
  Params& AddTextArray(ManyNullable<Text> values);
  Params& AddByteaArray(Many<Text> values);
  Params& AddByteaArray(Many<std::string> values);
  Params& AddByteaArray(ManyNullable<Text> values);
  Params& AddUuidArray(Many<Uuid> values);
  Params& AddUuidArray(ManyNullable<Uuid> values);
  Params& AddTimestampArray(Many<absl::Time> values);
  Params& AddTimestampArray(ManyNullable<absl::Time> values);

  void Clear();
  int size() const { return static_cast<int>(types_.size()); }

  // For common/postgres: the type of each parameter (0 for a NULL that has none), and its bytes.
  absl::Span<const unsigned> types() const { return types_; }
  // Null for NULL. Valid until the next Add.
  const char* value(int index) const;
  int length(int index) const { return lengths_[static_cast<size_t>(index)]; }

 private:
  static constexpr size_t kNull = static_cast<size_t>(-1);

  template <typename T>
  void Put(T value);
  void Begin(unsigned type);
  void End();
  template <typename Values, typename PutElement>
  Params& AddArray(unsigned array_type, unsigned element_type, const Values& values, PutElement put);

  std::string buffer_;
  std::vector<unsigned> types_;
  std::vector<size_t> offsets_;
  std::vector<int> lengths_;
};

}  // namespace cognate::postgres
