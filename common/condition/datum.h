// What a field, a literal or a function is worth while a condition is asked: a view that owns nothing.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "cognate/v1/value.pb.h"
#include "common/condition/number.h"

namespace cognate::condition {

struct Datum {
  enum class Kind : uint8_t {
    kNull,
    kBool,
    kInteger,
    kDouble,
    kDecimal,
    kText,
    kBytes,
    kTime,
    kDate,
    kList,
    kMap,
    kReference,
    kOmitted  // nobody knows what it was
  };
  Kind kind = Kind::kNull;
  int32_t micros = 0;                // of kTime, within the second
  int64_t integer = 0;               // kInteger, kBool; of kTime the seconds
  double real = 0;                   // kDouble
  absl::string_view text;            // kDecimal, kText, kBytes, kDate
  const v1::Value* value = nullptr;  // kList, kMap, kReference

  bool IsNull() const { return kind == Kind::kNull; }
  bool IsText() const { return kind == Kind::kText; }
  bool IsTrue() const { return kind == Kind::kBool && integer != 0; }
  bool IsNumber() const { return kind == Kind::kInteger || kind == Kind::kDouble || kind == Kind::kDecimal; }
};

// NULL for nullptr.
Datum DatumOf(const v1::Value* value);
Datum BoolDatum(bool truth);
Datum IntegerDatum(int64_t number);
Datum TextDatum(absl::string_view text);

// Between numbers, texts (by code points), times and dates; equal, or none, between other kinds.
Order Compare(const Datum& a, const Datum& b);
// NULL is the same as NULL. Lists and maps by what is in them; the order of a map does not count.
bool IsSame(const Datum& a, const Datum& b);

// The same, where the numbers, texts, times and dates come in their order, and each of them in one run: a
// strict weak order over the literals of a list.
bool ComesBefore(const Datum& a, const Datum& b);

}  // namespace cognate::condition
