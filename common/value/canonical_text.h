// The one text form of a value: what the platform's own local ids, fingerprints and text fields are made of.
// Two values that mean the same have the same text, whichever of the kinds carries them: the int64 5, the
// decimal `5.00` and the text `5`.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "cognate/v1/value.pb.h"

namespace cognate::value {

// Appends the canonical decimal: no exponent, no leading zeros, no zeros at the end of the fraction, `0` for
// every zero; `NaN`, `Infinity`, `-Infinity`. Exponents beyond ±20,000 stay exponents. False, and nothing
// appended, if `text` is no number.
bool AppendCanonicalDecimal(absl::string_view text, std::string* out);
bool IsDecimal(absl::string_view text);

// Shortest text that reads back as the same double: `0.1`, `100000`, `1e+300`, `NaN`, `Infinity`; `0` for -0.
void AppendDouble(double value, std::string* out);
// `2026-02-28 12:34:56.123456+00`, without zeros at the end of the fraction; years before 1 end in ` BC`. As
// PostgreSQL.
void AppendTimestamp(int64_t micros_since_1970, std::string* out);
// `\x` and lower-case hexadecimal digits.
void AppendBytes(absl::string_view bytes, std::string* out);

// Appends the text of a bool (`true`), number, text, bytes, timestamp, date or reference (its local id).
// False, and nothing appended, for null, lists, maps and values without a kind.
bool AppendCanonicalText(const v1::Value& value, std::string* out);

}  // namespace cognate::value
