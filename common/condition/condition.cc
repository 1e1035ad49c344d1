#include "common/condition/condition.h"

#include <utility>

#include "common/condition/expression.h"
#include "common/condition/lexer.h"
#include "common/condition/parser.h"
#include "common/status/status_macros.h"

namespace cognate::condition {

struct Condition::Parsed {
  std::string text;
  Expression expression;
  std::vector<std::string> fields;
  std::vector<std::string> old_fields;
  std::vector<std::string> assigned_platforms;
};

const char* WordOf(Op op) {
  switch (op) {
    case Op::kEqual:
      return "=";
    case Op::kLess:
      return "<";
    case Op::kLessOrEqual:
      return "<=";
    case Op::kGreater:
      return ">";
    case Op::kGreaterOrEqual:
      return ">=";
    case Op::kIn:
      return "in";
    case Op::kContains:
      return "contains";
    case Op::kStartsWith:
      return "starts with";
    case Op::kEndsWith:
      return "ends with";
    case Op::kMatches:
      return "matches";
    case Op::kIsNull:
      return "is null";
    case Op::kIsListed:
      return "is listed";
    default:
      return "";
  }
}

Condition::Condition(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}

absl::StatusOr<Condition> Condition::Parse(absl::string_view text, const Names& names) {
  ASSIGN_OR_RETURN(const std::vector<Token> tokens, TakeApart(text));
  Parser parser(text, tokens, names);
  auto parsed = std::make_shared<Parsed>();
  ASSIGN_OR_RETURN(parsed->expression, parser.Parse());
  parsed->text = std::string(text);
  parsed->fields = parser.TakeFields();
  parsed->old_fields = parser.TakeOldFields();
  parsed->assigned_platforms = parser.TakeAssignedPlatforms();
  return Condition(std::move(parsed));
}

bool Condition::Matches(const Subject& subject) const { return Holds(parsed_->expression, subject); }

std::string Condition::Explain(const Subject& subject) const {
  return condition::Explain(parsed_->expression, subject);
}

const std::vector<std::string>& Condition::fields() const { return parsed_->fields; }

const std::vector<std::string>& Condition::old_fields() const { return parsed_->old_fields; }

const std::vector<std::string>& Condition::assigned_platforms() const { return parsed_->assigned_platforms; }

const std::string& Condition::text() const { return parsed_->text; }

}  // namespace cognate::condition
