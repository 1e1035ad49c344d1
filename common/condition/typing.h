// Which operands an operator takes, decided before any record is seen. The errors point at the operand.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/condition/expression.h"

namespace cognate::condition {

Type TypeOf(v1::FieldType type);

// `price (decimal)`, `"draft"`, `length(…)`: for the errors.
std::string Named(const Expression& operand);

// Checks the operands of one expression of the condition `text`. A text literal beside a time, a date, a UUID
// or a label of an enum becomes one, or is refused.
class Typing {
 public:
  explicit Typing(absl::string_view text) : text_(text) {}

  // What stands where something true or false is wanted.
  absl::Status CheckTruth(const Expression& part) const;
  // A comparison whose children are there; kIn's literals, too.
  absl::Status CheckComparison(Expression* comparison) const;
  // kLength, kLower, …
  absl::Status CheckArgument(const Expression& function) const;

 private:
  absl::Status CheckEquality(Expression* a, Expression* b) const;
  absl::Status CheckOrder(const Expression& comparison) const;
  absl::Status CheckContains(Expression* whole, Expression* part) const;
  absl::Status CheckText(const Expression& operand, absl::string_view word) const;
  absl::Status CheckList(Expression* comparison) const;
  // `other` gives the type and the labels that the literal is taken for.
  absl::Status TakeLiteralAs(Type type, const Expression& other, Expression* literal) const;

  absl::string_view text_;
};

}  // namespace cognate::condition
