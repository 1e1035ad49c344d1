// Turns values into what a field of another platform holds, or says in words why not and how to mend it.
//
// Only what loses nothing and surprises nobody is turned: integers into decimals and text, integral decimals
// into integers, checked text into UUIDs, dates, timestamps and JSON. Everything else is refused before it is
// sent. Converting what was converted changes nothing, so that what a target reads back can be compared with
// what was written.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "cognate/v1/value.pb.h"

namespace cognate::value {

// Writes into `*to` what `target` will hold for `from`; nullopt when it went well. `to` may not be `from`.
// Reasons: NOT_NULL, WRONG_TYPE, VALUE_TOO_LARGE (what the capture left out), OUT_OF_RANGE, VALUE_TOO_LONG,
// NOT_AN_ENUM_LABEL, BAD_ENCODING, INVALID_TEXT; `field` is the target's. References pass as they are.
std::optional<v1::OutcomeError> Convert(const v1::Value& from, const v1::ModelField& target, v1::Value* to);

// Whether a captured value is what its own model's field can hold; NULL always is. Reasons: WRONG_TYPE,
// BAD_ENCODING, INVALID_TEXT (a decimal or date that is none).
std::optional<v1::OutcomeError> CheckType(const v1::Value& value, const v1::ModelField& field);

// What can be said beforehand, from types alone.
struct Convertibility {
  bool possible = true;
  std::string reason;   // where not possible: why not, with both fields
  std::string warning;  // where possible: which values will be refused; empty if none
};
Convertibility CanConvert(const v1::ModelField& from, const v1::ModelField& to);

// `TEXT` for FIELD_TYPE_TEXT, in lower case with spaces: "local timestamp".
std::string TypeName(v1::FieldType type);

}  // namespace cognate::value
