// The grammar of conditions (docs/conditions.md), top down.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/condition/expression.h"
#include "common/condition/lexer.h"
#include "common/condition/typing.h"

namespace cognate::condition {

class Parser {
 public:
  // All three outlive the parser.
  Parser(absl::string_view text, const std::vector<Token>& tokens, const Names& names)
      : text_(text), tokens_(tokens), names_(names), typing_(text) {}

  absl::StatusOr<Expression> Parse();

  // What the condition names, after Parse.
  std::vector<std::string> TakeFields() { return std::move(fields_); }
  std::vector<std::string> TakeOldFields() { return std::move(old_fields_); }
  std::vector<std::string> TakeAssignedPlatforms() { return std::move(assigned_platforms_); }

 private:
  using Result = absl::StatusOr<Expression>;

  Result ParseOr();
  Result ParseAnd();
  Result ParseNot();
  Result ParseComparison();
  // After the operand before it.
  Result ParseOperator(Expression left);
  Result ParsePair(Op op, bool is_negated, Expression left);
  Result ParseIn(bool is_negated, Expression left);
  Result ParseIs(Expression left);
  Result ParseMatches(Expression left);
  Result ParseOperand();
  Result ParseParentheses();
  Result ParseWord();
  Result ParseFunction();
  Result ParseAssigned();
  Result ParseField(bool old);
  Result ParseLiteral();
  // At `date` or `time`.
  Result ParseTimeLiteral();

  // Several parts with a word between them.
  Result ParseChain(Op op, absl::string_view word, Result (Parser::*parse_part)());

  const Token& Next(size_t ahead = 0) const { return tokens_[std::min(place_ + ahead, tokens_.size() - 1)]; }
  const Token& Take() { return tokens_[place_ < tokens_.size() - 1 ? place_++ : place_]; }
  bool TakeWord(absl::string_view word);
  absl::Status Expect(absl::string_view symbol, absl::string_view after);
  absl::Status Enter();
  void Leave() { --depth_; }
  // `got …, want …` at the next token.
  absl::Status Want(absl::string_view want) const;
  absl::Status CheckEndOfComparison() const;
  Expression Make(Op op, size_t offset, Type type = Type::kBool) const;

  const absl::string_view text_;
  const std::vector<Token>& tokens_;
  const Names& names_;
  const Typing typing_;
  size_t place_ = 0;
  int depth_ = 0;
  int parentheses_ = 0;
  size_t patterns_ = 0;
  std::vector<std::string> fields_;
  std::vector<std::string> old_fields_;
  std::vector<std::string> assigned_platforms_;
};

}  // namespace cognate::condition
