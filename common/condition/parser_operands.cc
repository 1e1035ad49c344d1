// What stands between the operators.
#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/condition/parser.h"
#include "common/condition/shown.h"
#include "common/status/status_macros.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::condition {
namespace {

using Kind = Token::Kind;

constexpr char kOperand[] = "a field, a value or a function";

struct Function {
  absl::string_view name;
  Op op;
  Type type;
};
constexpr Function kFunctions[] = {{"length", Op::kLength, Type::kNumber},
                                   {"lower", Op::kLower, Type::kText},
                                   {"upper", Op::kUpper, Type::kText},
                                   {"trim", Op::kTrim, Type::kText}};

void AddOnce(const std::string& name, std::vector<std::string>* names) {
  if (std::find(names->begin(), names->end(), name) == names->end()) names->push_back(name);
}

void AppendWrittenName(std::string* out, const std::string& name) { out->append(WrittenName(name)); }

v1::Value NumberValue(const std::string& text) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && read == end ? value::Int(number) : value::Decimal(text);
}

}  // namespace

Parser::Result Parser::ParseOperand() {
  const Token& next = Next();
  switch (next.kind) {
    case Kind::kName:
      return ParseField(false);
    case Kind::kText:
    case Kind::kNumber:
      return ParseLiteral();
    case Kind::kWord:
      return ParseWord();
    case Kind::kSymbol:
      if (next.IsSymbol("(")) return ParseParentheses();
      break;
    case Kind::kEnd:
      break;
  }
  return Want(kOperand);
}

Parser::Result Parser::ParseParentheses() {
  RETURN_IF_ERROR(Enter());
  Take();
  ++parentheses_;
  ASSIGN_OR_RETURN(Expression inner, ParseOr());
  if (!Next().IsSymbol(")")) return Want("and, or or )");
  --parentheses_;
  Take();
  Leave();
  return inner;
}

Parser::Result Parser::ParseWord() {
  const Token& word = Next();
  const Token& after = Next(1);
  if (word.text == "true" || word.text == "false" || word.text == "null") return ParseLiteral();
  if ((word.text == "date" || word.text == "time") && after.kind == Kind::kText) return ParseLiteral();
  if (!IsPlainName(word.text)) {
    return Want(absl::StrCat(kOperand, word.text == "not" ? "; parentheses go around not here"
                                                          : "; a field of this name stands in backticks"));
  }
  if (after.IsSymbol("(")) return word.text == "assigned" ? ParseAssigned() : ParseFunction();
  if (word.text == "old" && after.IsSymbol(".")) {
    Take();
    Take();
    return ParseField(true);
  }
  return ParseField(false);
}

Parser::Result Parser::ParseFunction() {
  const auto* const found =
      std::find_if(std::begin(kFunctions), std::end(kFunctions),
                   [&](const Function& function) { return function.name == Next().text; });
  if (found == std::end(kFunctions)) return Want("one of the functions length lower upper trim assigned");
  RETURN_IF_ERROR(Enter());
  Expression call = Make(found->op, Take().offset, found->type);
  call.name = std::string(found->name);
  RETURN_IF_ERROR(Expect("(", found->name));
  ASSIGN_OR_RETURN(Expression argument, ParseOperand());
  call.children.push_back(std::move(argument));
  if (!Next().IsSymbol(")")) return Want(absl::StrCat(") after the one operand of ", found->name));
  Take();
  Leave();
  RETURN_IF_ERROR(typing_.CheckArgument(call));
  return call;
}

Parser::Result Parser::ParseAssigned() {
  const Assignments& assignments = names_.assignments;
  if (!assignments.are_known) return Want(absl::StrCat("fields alone; ", assignments.why_not));
  Expression call = Make(Op::kAssigned, Take().offset);
  RETURN_IF_ERROR(Expect("(", "assigned"));
  if (Next().kind == Kind::kText) {
    const std::string& platform = Next().text;
    const std::vector<std::string>& known = assignments.platforms;
    if (!known.empty() && std::find(known.begin(), known.end(), platform) == known.end()) {
      const std::vector<std::string> near = NearNames(platform, known);
      return Want(absl::StrCat("the id of a platform",
                               near.empty() ? "" : absl::StrCat("; did you mean ", near[0], "?")));
    }
    call.literal.set_text_value(platform);
    Take();
  } else if (Next().IsSymbol(")") && !assignments.own_platform.empty()) {
    call.literal.set_text_value(assignments.own_platform);
  } else {
    return Want("a platform's id in quotes, as in assigned(\"shop\")");
  }
  RETURN_IF_ERROR(Expect(")", "the platform's id"));
  AddOnce(call.literal.text_value(), &assigned_platforms_);
  return call;
}

Parser::Result Parser::ParseField(bool old) {
  const Token& token = Next();
  if (token.kind != Kind::kName && token.kind != Kind::kWord) return Want("a field's name after old.");
  if (old && !names_.why_not_old.empty())
    return ErrorAt(text_, token.offset, absl::StrCat("got old.", token.text, ", but ", names_.why_not_old));
  const std::optional<FieldInfo> found =
      names_.find_field ? names_.find_field(token.text, old) : std::optional<FieldInfo>();
  if (!found.has_value()) {
    const std::vector<std::string> near = NearNames(token.text, names_.known_fields);
    const std::string help =
        near.empty() ? absl::StrCat("a text stands in quotes",
                                    token.kind == Kind::kWord ? absl::StrCat(": ", Shown(token)) : "")
                     : absl::StrCat("did you mean ", absl::StrJoin(near, ", ", AppendWrittenName), "?");
    return ErrorAt(text_, token.offset,
                   absl::StrCat("got ", Shown(token), ", want a field that ", old ? "old." : "the record",
                                " has; ", help));
  }
  Take();
  Expression field = Make(old ? Op::kOldField : Op::kField, token.offset, TypeOf(found->type));
  field.name = token.text;
  field.field = *found;
  AddOnce(field.name, old ? &old_fields_ : &fields_);
  return field;
}

Parser::Result Parser::ParseLiteral() {
  const Token& token = Next();
  Expression literal = Make(Op::kLiteral, token.offset);
  if (token.kind == Kind::kText) {
    literal.literal.set_text_value(token.text);
    literal.type = Type::kText;
  } else if (token.kind == Kind::kNumber) {
    literal.literal = NumberValue(token.text);
    literal.type = Type::kNumber;
  } else if (token.IsWord("true") || token.IsWord("false")) {
    literal.literal.set_bool_value(token.text == "true");
    literal.type = Type::kBool;
  } else if (token.IsWord("null")) {
    literal.literal = value::Null();
    literal.type = Type::kNull;
  } else if ((token.IsWord("date") || token.IsWord("time")) && Next(1).kind == Kind::kText) {
    return ParseTimeLiteral();
  } else {
    return Want("a value: a number, a text in quotes, true, false, null, date \"…\" or time \"…\"");
  }
  Take();
  return literal;
}

Parser::Result Parser::ParseTimeLiteral() {
  const size_t offset = Next().offset;
  const bool date = Take().text == "date";
  const Token& token = Next();
  Expression literal = Make(Op::kLiteral, offset, date ? Type::kDate : Type::kTime);
  const std::optional<int64_t> micros =
      date ? value::ParseDate(token.text) : value::ParseTimestamp(token.text);
  if (!micros.has_value()) {
    return Want(date ? "a date such as date \"2026-02-28\"" : "a time such as time \"2026-02-28T13:45:00Z\"");
  }
  literal.literal = date ? value::Date(token.text) : value::TimestampMicros(*micros);
  Take();
  return literal;
}

}  // namespace cognate::condition
