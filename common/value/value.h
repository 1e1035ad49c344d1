// Typed values of fields: making, naming and comparing them. The message is cognate.v1.Value; nothing wraps
// it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/value.pb.h"

namespace cognate::value {

v1::Value Null();
v1::Value Bool(bool value);
v1::Value Int(int64_t value);
v1::Value Double(double value);
v1::Value Decimal(absl::string_view text);
v1::Value Text(absl::string_view text);
v1::Value Bytes(absl::string_view bytes);
v1::Value Timestamp(absl::Time time);  // cut to whole microseconds, towards the past
v1::Value TimestampMicros(int64_t micros_since_1970);
v1::Value Date(absl::string_view iso_date);
v1::Value List(std::initializer_list<v1::Value> values);
v1::Value Map(std::initializer_list<std::pair<absl::string_view, v1::Value>> fields);

v1::Fields Fields(std::initializer_list<std::pair<absl::string_view, v1::Value>> fields);

bool IsNull(const v1::Value& value);
// A longer one is refused where it is captured (change_capture_service.proto).
inline constexpr int64_t kMaxValueBytes = 8 << 20;

// The value of the first field of this name; nullptr if there is none.
const v1::Value* Find(const v1::Fields& fields, absl::string_view name);
int64_t MicrosOf(const google::protobuf::Timestamp& timestamp);
void SetMicros(int64_t micros_since_1970, google::protobuf::Timestamp* timestamp);

// "null", "bool", "int64", "double", "decimal", "text", "bytes", "timestamp", "date", "list", "map",
// "reference", "omitted", "encoded", "file"; "nothing" for a value without a kind.
const char* KindName(v1::Value::KindCase kind);
inline const char* KindName(const v1::Value& value) { return KindName(value.kind_case()); }

// The value for error messages, cut to a readable length: `text "Atlantis" (8 characters)`, `int64 5`.
std::string Describe(const v1::Value& value);

// The same kind and the same content; the order of a map does not count. NaN equals NaN. Values that a
// database would print differently but means the same are compared by their fingerprints instead.
bool Equal(const v1::Value& a, const v1::Value& b);

}  // namespace cognate::value
