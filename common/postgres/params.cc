#include "common/postgres/params.h"

#include <bit>

#include "common/postgres/wire.h"

namespace cognate::postgres {
namespace {

template <typename T>
const T* Present(const T& value) {
  return &value;
}
template <typename T>
const T* Present(const std::optional<T>& value) {
  return value ? &*value : nullptr;
}

}  // namespace

template <typename T>
void Params::Put(T value) {
  const T wire = ToBigEndian(value);
  buffer_.append(reinterpret_cast<const char*>(&wire), sizeof(wire));
}

void Params::Begin(unsigned type) {
  types_.push_back(type);
  offsets_.push_back(buffer_.size());
}

void Params::End() { lengths_.push_back(static_cast<int>(buffer_.size() - offsets_.back())); }

const char* Params::value(int index) const {
  const size_t offset = offsets_[static_cast<size_t>(index)];
  return offset == kNull ? nullptr : buffer_.data() + offset;
}

void Params::Clear() {
  buffer_.clear();
  types_.clear();
  offsets_.clear();
  lengths_.clear();
}

Params& Params::AddNull() {
  types_.push_back(0);
  offsets_.push_back(kNull);
  lengths_.push_back(0);
  return *this;
}

Params& Params::AddInt64(int64_t value) {
  Begin(kInt8Type);
  Put(value);
  return End(), *this;
}

Params& Params::AddInt32(int32_t value) {
  Begin(kInt4Type);
  Put(value);
  return End(), *this;
}

Params& Params::AddBool(bool value) {
  Begin(kBoolType);
  buffer_.push_back(value ? 1 : 0);
  return End(), *this;
}

Params& Params::AddDouble(double value) {
  Begin(kFloat8Type);
  Put(std::bit_cast<int64_t>(value));
  return End(), *this;
}

Params& Params::AddText(absl::string_view value) {
  Begin(kTextType);
  buffer_.append(value.data(), value.size());
  return End(), *this;
}

Params& Params::AddBytes(absl::string_view value) {
  Begin(kByteaType);
  buffer_.append(value.data(), value.size());
  return End(), *this;
}

Params& Params::AddJsonb(absl::string_view json) {
  Begin(kJsonbType);
  buffer_.push_back(kJsonbVersion);
  buffer_.append(json.data(), json.size());
  return End(), *this;
}

Params& Params::AddUuid(const Uuid& value) {
  Begin(kUuidType);
  buffer_.append(value.AsBytes().data(), value.AsBytes().size());
  return End(), *this;
}

Params& Params::AddTimestamp(absl::Time value) {
  Begin(kTimestamptzType);
  Put(ToWireTime(value));
  return End(), *this;
}

// Header: dimensions, has-nulls flag, element type, length, lower bound; then a length and bytes for each
// element.
template <typename Values, typename PutElement>
Params& Params::AddArray(unsigned array_type, unsigned element_type, const Values& values, PutElement put) {
  Begin(array_type);
  Put<int32_t>(values.empty() ? 0 : 1);
  const size_t flag = buffer_.size();
  Put<int32_t>(0);
  Put(static_cast<int32_t>(element_type));
  if (!values.empty()) {
    Put(static_cast<int32_t>(values.size()));
    Put<int32_t>(1);
  }
  for (const auto& element : values) {
    if (const auto* present = Present(element)) {
      put(*present);
    } else {
      Put<int32_t>(-1);
      buffer_[flag + 3] = 1;
    }
  }
  return End(), *this;
}

#define COGNATE_ADD_FIXED_ARRAY(Function, T, array_type, element_type, convert)     \
  Params& Params::Function(T values) {                                              \
    return AddArray(array_type, element_type, values, [this](const auto& element) { \
      const auto converted = convert(element);                                      \
      Put(static_cast<int32_t>(sizeof(converted)));                                 \
      Put(converted);                                                               \
    });                                                                             \
  }
#define COGNATE_ADD_FIXED_ARRAYS(Function, T, array_type, element_type, convert) \
  COGNATE_ADD_FIXED_ARRAY(Function, Many<T>, array_type, element_type, convert)  \
  COGNATE_ADD_FIXED_ARRAY(Function, ManyNullable<T>, array_type, element_type, convert)

COGNATE_ADD_FIXED_ARRAYS(AddInt64Array, int64_t, kInt8ArrayType, kInt8Type, static_cast<int64_t>)
COGNATE_ADD_FIXED_ARRAYS(AddInt32Array, int32_t, kInt4ArrayType, kInt4Type, static_cast<int32_t>)
COGNATE_ADD_FIXED_ARRAYS(AddInt16Array, int16_t, kInt2ArrayType, kInt2Type, static_cast<int16_t>)
COGNATE_ADD_FIXED_ARRAYS(AddBoolArray, bool, kBoolArrayType, kBoolType, static_cast<int8_t>)
COGNATE_ADD_FIXED_ARRAY(AddBoolArray, const std::vector<bool>&, kBoolArrayType, kBoolType,
                        static_cast<int8_t>)
COGNATE_ADD_FIXED_ARRAYS(AddTimestampArray, absl::Time, kTimestamptzArrayType, kTimestamptzType, ToWireTime)

#define COGNATE_ADD_BYTES_ARRAY(Function, T, array_type, element_type, view)        \
  Params& Params::Function(T values) {                                              \
    return AddArray(array_type, element_type, values, [this](const auto& element) { \
      const absl::string_view bytes = view;                                         \
      Put(static_cast<int32_t>(bytes.size()));                                      \
      buffer_.append(bytes.data(), bytes.size());                                   \
    });                                                                             \
  }

COGNATE_ADD_BYTES_ARRAY(AddTextArray, Many<Text>, kTextArrayType, kTextType, element)
COGNATE_ADD_BYTES_ARRAY(AddTextArray, Many<std::string>, kTextArrayType, kTextType, element)
COGNATE_ADD_BYTES_ARRAY(AddTextArray, ManyNullable<Text>, kTextArrayType, kTextType, element)
COGNATE_ADD_BYTES_ARRAY(AddByteaArray, Many<Text>, kByteaArrayType, kByteaType, element)
COGNATE_ADD_BYTES_ARRAY(AddByteaArray, Many<std::string>, kByteaArrayType, kByteaType, element)
COGNATE_ADD_BYTES_ARRAY(AddByteaArray, ManyNullable<Text>, kByteaArrayType, kByteaType, element)
COGNATE_ADD_BYTES_ARRAY(AddUuidArray, Many<Uuid>, kUuidArrayType, kUuidType, element.AsBytes())
COGNATE_ADD_BYTES_ARRAY(AddUuidArray, ManyNullable<Uuid>, kUuidArrayType, kUuidType, element.AsBytes())

}  // namespace cognate::postgres
