// Values and operands in the words of errors and explanations.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/condition/expression.h"

namespace cognate::condition {

// `"draft"`, `10.5`, `NULL`, `a list of 3 values`, `not listed`; long ones are cut.
std::string ShownValue(const v1::Value* value);
// `status`, `old.status`, `length(title)`, `"draft"`.
std::string ShownOperand(const Expression& operand);

// Up to five of `known` that `name` may have meant, the nearest first.
std::vector<std::string> NearNames(absl::string_view name, const std::vector<std::string>& known);

}  // namespace cognate::condition
