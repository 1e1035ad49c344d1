// JSON texts and values. value::AppendJson is the form that PostgreSQL prints; this one is compact, and exact
// both ways.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/value.pb.h"

namespace cognate::codec {

// Integers that fit become int64, other numbers decimals with every digit that is written. The order of names
// is kept; of equal ones the last value counts. INVALID_ARGUMENT, with a message that begins with
// `NOT_ENCODED:`, for anything that is no JSON text by RFC 8259 in UTF-8, is nested deeper than 64, or has a
// NUL character in a text or a number of more than 1,000 bytes.
absl::StatusOr<v1::Value> ReadJson(absl::string_view json);

// Compact. Decimals and doubles as numbers (as texts where JSON has none: `NaN`, `Infinity`), bytes as
// base64, timestamps as RFC 3339, dates as texts, a reference as its local id (null while there is none).
// What is not UTF-8 becomes U+FFFD.
std::string WriteJson(const v1::Value& value);

}  // namespace cognate::codec
