// What is known of a field at one point of a chain, before any record is there.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/value.pb.h"

namespace cognate::transform {

struct KnownField {
  // FIELD_TYPE_UNSPECIFIED: anything, among it maps and references. What a step before may have left out
  // counts as nullable; whether the source lists it does not count.
  v1::ModelField field;
  int slot = -1;
  bool holds_references = false;  // it is a reference, or has some inside
  // A step before may have left it out: then it is no NULL that the source has, and there is nothing to look
  // at.
  bool may_be_left_out = false;
};

// Sets of field types that a step can read; a type that is not known before the records come always belongs.
using TypeSet = uint32_t;
constexpr TypeSet Only(v1::FieldType type) { return TypeSet{1} << type; }
inline constexpr TypeSet kTexts = Only(v1::FIELD_TYPE_TEXT) | Only(v1::FIELD_TYPE_UUID) |
                                  Only(v1::FIELD_TYPE_JSON) | Only(v1::FIELD_TYPE_ENUM) |
                                  Only(v1::FIELD_TYPE_OTHER);
inline constexpr TypeSet kNumbers =
    Only(v1::FIELD_TYPE_INTEGER) | Only(v1::FIELD_TYPE_FLOAT) | Only(v1::FIELD_TYPE_DECIMAL);
inline constexpr TypeSet kTimes = Only(v1::FIELD_TYPE_TIMESTAMP) | Only(v1::FIELD_TYPE_LOCAL_TIMESTAMP);
inline constexpr TypeSet kContainers = Only(v1::FIELD_TYPE_LIST) | Only(v1::FIELD_TYPE_JSON);
inline constexpr TypeSet kReferences = TypeSet{1} << 31;  // also what holds references
inline constexpr TypeSet kWithoutReferences = ~kReferences;
inline constexpr TypeSet kScalars = kWithoutReferences & ~Only(v1::FIELD_TYPE_LIST);
inline constexpr TypeSet kEverything = ~TypeSet{0};

bool IsIn(const KnownField& known, TypeSet types);

// A field of this type, not nullable, with nothing else known.
v1::ModelField FieldOf(v1::FieldType type);
v1::ModelField TextField(int max_length = 0);
v1::ModelField IntegerField();
// Of a value that is written in a sync.
v1::ModelField FieldOf(const v1::Value& value);
// What a field can hold that holds either of the two.
v1::ModelField Either(const v1::ModelField& a, const v1::ModelField& b);

}  // namespace cognate::transform
