// What PHP's serialize() writes, for scalars and arrays.
#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/value.pb.h"

namespace cognate::codec {

// Arrays with the keys 0 to n-1 in order become lists, so the empty array is an empty list; others maps in
// their order, with integer keys as text (a key twice: the last value, at the place of the first). Strings
// that are not UTF-8, or hold a NUL character, become bytes. INVALID_ARGUMENT, with a message that begins
// with
// - `HAS_OBJECTS:` for objects, enums, references and classes with a form of their own, in a text that is
// well formed so far;
// - `NOT_ENCODED:` for anything else that unserialize() would refuse, is nested deeper than 64, or has
// something after it.
absl::StatusOr<v1::Value> ReadPhp(absl::string_view serialized);

// Names of maps that PHP itself would make integers (`5`, not `05`) are written as such. Decimals, dates and
// timestamps (RFC 3339) are strings, references their local id (null while there is none). INVALID_ARGUMENT
// for values without a kind, omitted values, and nesting deeper than 64.
absl::StatusOr<std::string> WritePhp(const v1::Value& value);

// Whether `text` has the shape of serialized data from its first to its last bytes. Looks at a few bytes,
// however long it is; says yes to nothing that is not `N;`, or a type, a colon, … and the end that belongs to
// it.
bool LooksLikePhp(absl::string_view text);

// `serialized` with each string, and each string key of an array (`is_name`), replaced by what `rewrite`
// makes of it, and with their lengths mended. Everything else stays to the byte: numbers, references, objects
// (values of their properties are strings as any other; names of classes and properties are not offered). A
// string that is serialized data itself is rewritten within, at most 8 deep, in place of being offered whole;
// what a class serialized in its own form (`C:`) is left alone. A key that `rewrite` turns into digits is
// still written as a string. INVALID_ARGUMENT (`NOT_ENCODED:`) if it is malformed.
absl::StatusOr<std::string> RewritePhpStrings(
    absl::string_view serialized,
    absl::FunctionRef<std::string(absl::string_view text, bool is_name)> rewrite);

}  // namespace cognate::codec
