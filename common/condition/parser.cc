#include "common/condition/parser.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cognate::condition {
namespace {

constexpr char kOperators[] =
    "one of = != < <= > >= in not in contains starts with ends with matches is null, or and, or";

// The relations that are written as symbols.
struct Symbol {
  absl::string_view text;
  Op op;
  bool is_negated = false;
};
constexpr Symbol kSymbols[] = {{"=", Op::kEqual},   {"!=", Op::kEqual, true},
                               {"<", Op::kLess},    {"<=", Op::kLessOrEqual},
                               {">", Op::kGreater}, {">=", Op::kGreaterOrEqual}};

// For the search among them. Moving the expression leaves them where they are.
void SortLiterals(Expression* in) {
  for (size_t i = 1; i < in->children.size(); ++i) in->sorted.push_back(DatumOf(&in->children[i].literal));
  std::sort(in->sorted.begin(), in->sorted.end(), ComesBefore);
}

}  // namespace

absl::StatusOr<Expression> Parser::Parse() {
  ASSIGN_OR_RETURN(Expression whole, ParseOr());
  if (Next().kind != Token::Kind::kEnd) return Want("and, or or the end");
  RETURN_IF_ERROR(typing_.CheckTruth(whole));
  return whole;
}

Parser::Result Parser::ParseOr() { return ParseChain(Op::kOr, "or", &Parser::ParseAnd); }

Parser::Result Parser::ParseAnd() { return ParseChain(Op::kAnd, "and", &Parser::ParseNot); }

Parser::Result Parser::ParseChain(Op op, absl::string_view word, Result (Parser::*parse_part)()) {
  const size_t offset = Next().offset;
  ASSIGN_OR_RETURN(Expression first, (this->*parse_part)());
  if (!Next().IsWord(word)) return first;
  Expression chain = Make(op, offset);
  RETURN_IF_ERROR(typing_.CheckTruth(first));
  chain.children.push_back(std::move(first));
  while (TakeWord(word)) {
    ASSIGN_OR_RETURN(Expression part, (this->*parse_part)());
    RETURN_IF_ERROR(typing_.CheckTruth(part));
    chain.children.push_back(std::move(part));
  }
  return chain;
}

Parser::Result Parser::ParseNot() {
  const size_t offset = Next().offset;
  if (!TakeWord("not")) return ParseComparison();
  RETURN_IF_ERROR(Enter());
  ASSIGN_OR_RETURN(Expression part, ParseNot());
  Leave();
  RETURN_IF_ERROR(typing_.CheckTruth(part));
  Expression negation = Make(Op::kNot, offset);
  negation.children.push_back(std::move(part));
  return negation;
}

Parser::Result Parser::ParseComparison() {
  ASSIGN_OR_RETURN(Expression left, ParseOperand());
  const size_t before = place_;
  ASSIGN_OR_RETURN(Expression comparison, ParseOperator(std::move(left)));
  if (place_ != before) {
    RETURN_IF_ERROR(typing_.CheckComparison(&comparison));
    RETURN_IF_ERROR(CheckEndOfComparison());
    if (comparison.op == Op::kIn) SortLiterals(&comparison);
  }
  return comparison;
}

Parser::Result Parser::ParseOperator(Expression left) {
  for (const Symbol& symbol : kSymbols) {
    if (Next().IsSymbol(symbol.text)) {
      Take();
      return ParsePair(symbol.op, symbol.is_negated, std::move(left));
    }
  }
  if (TakeWord("in")) return ParseIn(false, std::move(left));
  if (TakeWord("is")) return ParseIs(std::move(left));
  if (TakeWord("contains")) return ParsePair(Op::kContains, false, std::move(left));
  if (TakeWord("matches")) return ParseMatches(std::move(left));
  if (TakeWord("not")) {
    if (!TakeWord("in")) return Want("in after not; to negate another comparison write not before all of it");
    return ParseIn(true, std::move(left));
  }
  for (const Op op : {Op::kStartsWith, Op::kEndsWith}) {
    if (!TakeWord(op == Op::kStartsWith ? "starts" : "ends")) continue;
    if (!TakeWord("with")) return Want("with");
    return ParsePair(op, false, std::move(left));
  }
  if (Next().IsWord("and") || Next().IsWord("or") || Next().kind == Token::Kind::kEnd) return left;
  if (parentheses_ > 0 && Next().IsSymbol(")")) return left;
  if (Next().IsSymbol(".")) {
    return Want(
        absl::StrCat(kOperators, "; only old.name has a dot, a name that has one stands in backticks"));
  }
  return Want(absl::StrCat(kOperators, parentheses_ > 0 ? " or )" : " or the end"));
}

Parser::Result Parser::ParsePair(Op op, bool is_negated, Expression left) {
  Expression pair = Make(op, left.offset);
  pair.is_negated = is_negated;
  pair.children.push_back(std::move(left));
  ASSIGN_OR_RETURN(Expression right, ParseOperand());
  pair.children.push_back(std::move(right));
  return pair;
}

Parser::Result Parser::ParseIn(bool is_negated, Expression left) {
  Expression in = Make(Op::kIn, left.offset);
  in.is_negated = is_negated;
  in.children.push_back(std::move(left));
  RETURN_IF_ERROR(Expect("(", "in"));
  do {
    if (in.children.size() > kMaxListLiterals) {
      return Want(absl::StrCat("at most ", kMaxListLiterals, " values in a list"));
    }
    ASSIGN_OR_RETURN(Expression literal, ParseLiteral());
    in.children.push_back(std::move(literal));
  } while (Next().IsSymbol(",") && (Take(), true));
  if (!Next().IsSymbol(")")) return Want("a comma or )");
  Take();
  return in;
}

Parser::Result Parser::ParseIs(Expression left) {
  const bool is_negated = TakeWord("not");
  const Op op = Next().IsWord("listed") ? Op::kIsListed : Op::kIsNull;
  if (op == Op::kIsNull && !Next().IsWord("null")) {
    return Want(is_negated ? "null or listed" : "null, not null, listed or not listed");
  }
  Take();
  Expression is = Make(op, left.offset);
  is.is_negated = is_negated;
  is.children.push_back(std::move(left));
  return is;
}

Parser::Result Parser::ParseMatches(Expression left) {
  if (Next().kind != Token::Kind::kText) return Want("a regular expression in quotes after matches");
  if (++patterns_ > kMaxPatterns) return Want(absl::StrCat("at most ", kMaxPatterns, " regular expressions"));
  Expression matches = Make(Op::kMatches, left.offset);
  const Token& token = Take();
  matches.literal.set_text_value(token.text);
  re2::RE2::Options options;
  options.set_max_mem(kMaxPatternBytes);
  options.set_log_errors(false);
  matches.pattern = std::make_unique<const re2::RE2>(token.text, options);
  if (matches.pattern->error_code() == re2::RE2::ErrorPatternTooLarge) {
    return ErrorAt(text_, token.offset,
                   absl::StrCat("got a regular expression that needs more than ", kMaxPatternBytes >> 20,
                                " MiB, want a smaller one; narrow its repetitions"));
  }
  if (!matches.pattern->ok()) {
    return ErrorAt(
        text_, token.offset,
        absl::StrCat("got ", Shown(token), ", want a regular expression of RE2; ", matches.pattern->error()));
  }
  if (const int steps = matches.pattern->ProgramSize(); steps > kMaxPatternSteps) {
    return ErrorAt(
        text_, token.offset,
        absl::StrCat("got a regular expression of ", steps, " steps, want at most ", kMaxPatternSteps,
                     "; write + in place of large repetitions, and ask length(…) beside it"));
  }
  matches.children.push_back(std::move(left));
  return matches;
}

bool Parser::TakeWord(absl::string_view word) {
  if (!Next().IsWord(word)) return false;
  Take();
  return true;
}

absl::Status Parser::Expect(absl::string_view symbol, absl::string_view after) {
  if (!Next().IsSymbol(symbol)) return Want(absl::StrCat(symbol, " after ", after));
  Take();
  return absl::OkStatus();
}

absl::Status Parser::Enter() {
  if (++depth_ <= kMaxNesting) return absl::OkStatus();
  return ErrorAt(text_, Next().offset,
                 absl::StrCat("got more than ", kMaxNesting,
                              " parentheses, functions and nots in each other, want at most ", kMaxNesting));
}

absl::Status Parser::Want(absl::string_view want) const {
  return ErrorAt(text_, Next().offset, absl::StrCat("got ", Shown(Next()), ", want ", want));
}

absl::Status Parser::CheckEndOfComparison() const {
  const Token& next = Next();
  const bool ends = next.kind == Token::Kind::kEnd || next.IsWord("and") || next.IsWord("or") ||
                    (parentheses_ > 0 && next.IsSymbol(")"));
  return ends ? absl::OkStatus() : Want(parentheses_ > 0 ? "and, or or )" : "and, or or the end");
}

Expression Parser::Make(Op op, size_t offset, Type type) const {
  Expression expression;
  expression.op = op;
  expression.offset = offset;
  expression.type = type;
  return expression;
}

}  // namespace cognate::condition
