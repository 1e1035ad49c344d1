// What a condition is after it was parsed and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cognate/v1/value.pb.h"
#include "common/condition/condition.h"
#include "common/condition/datum.h"
#include "re2/re2.h"

namespace cognate::condition {

enum class Op : uint8_t {
  // Those that are worth a value.
  kLiteral,
  kField,
  kOldField,
  kLength,
  kLower,
  kUpper,
  kTrim,
  // Those that are true or false.
  kOr,
  kAnd,
  kNot,
  kEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIn,
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
  kIsNull,
  kIsListed,
  kAssigned
};

// What is known before any record is seen.
enum class Type : uint8_t { kAny, kNull, kBool, kNumber, kText, kUuid, kEnum, kBytes, kTime, kDate, kList };

struct Expression {
  Op op = Op::kLiteral;
  bool is_negated = false;  // !=, not in, is not null, is not listed
  Type type = Type::kBool;
  size_t offset = 0;                 // where it begins in the text
  std::vector<Expression> children;  // operands; kOr and kAnd have two or more; kIn: its literals, too
  v1::Value literal;                 // kLiteral; kMatches: the pattern; kAssigned: the platform
  FieldInfo field;                   // kField, kOldField
  std::string name;                  // kField, kOldField: as the platform says it; functions: their names
  std::vector<Datum> sorted;         // kIn: its literals by ComesBefore
  std::unique_ptr<const re2::RE2> pattern;  // kMatches

  bool IsTruth() const { return op >= Op::kOr; }
};

// The word between or after the operands: `<=`, `starts with`.
const char* WordOf(Op op);

// Whether it holds.
bool Holds(const Expression& expression, const Subject& subject);
// What it is worth. Texts that a function made stand in `*room`, which must outlive the answer.
Datum Evaluate(const Expression& expression, const Subject& subject, std::string* room);
// nullptr where the record does not list it.
const v1::Value* FieldOf(const Expression& field, const Subject& subject);

std::string Explain(const Expression& expression, const Subject& subject);

}  // namespace cognate::condition
