#include "common/condition/typing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/condition/lexer.h"
#include "common/condition/shown.h"
#include "common/status/status_macros.h"
#include "common/value/convert.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::condition {
namespace {

constexpr size_t kShownLabels = 8;

bool IsTextual(Type type) { return type == Type::kText || type == Type::kUuid || type == Type::kEnum; }

bool IsLiteral(const Expression& operand) { return operand.op == Op::kLiteral; }

// What a text literal can be taken for.
bool IsWrittenAsText(Type type) {
  return type == Type::kTime || type == Type::kDate || type == Type::kUuid || type == Type::kEnum;
}

absl::string_view LiteralWanted(Type type) {
  switch (type) {
    case Type::kBool:
      return "true or false";
    case Type::kNumber:
      return "a number such as 10.5";
    case Type::kTime:
      return "a time such as time \"2026-02-28T13:45:00Z\"";
    case Type::kDate:
      return "a date such as date \"2026-02-28\"";
    case Type::kBytes:
      return "another field of bytes, or null";
    case Type::kList:
      return "another list, or null; contains looks into a list";
    default:
      return "a text in quotes";
  }
}

absl::string_view TypeWanted(Type type) {
  switch (type) {
    case Type::kBool:
      return "true or false";
    case Type::kNumber:
      return "a number";
    case Type::kTime:
      return "a time";
    case Type::kDate:
      return "a date";
    case Type::kBytes:
      return "bytes";
    case Type::kList:
      return "a list";
    default:
      return "a text";
  }
}

}  // namespace

Type TypeOf(v1::FieldType type) {
  switch (type) {
    case v1::FIELD_TYPE_BOOL:
      return Type::kBool;
    case v1::FIELD_TYPE_INTEGER:
    case v1::FIELD_TYPE_FLOAT:
    case v1::FIELD_TYPE_DECIMAL:
      return Type::kNumber;
    case v1::FIELD_TYPE_TEXT:
    case v1::FIELD_TYPE_OTHER:
      return Type::kText;
    case v1::FIELD_TYPE_BYTES:
      return Type::kBytes;
    case v1::FIELD_TYPE_TIMESTAMP:
    case v1::FIELD_TYPE_LOCAL_TIMESTAMP:
      return Type::kTime;
    case v1::FIELD_TYPE_DATE:
      return Type::kDate;
    case v1::FIELD_TYPE_UUID:
      return Type::kUuid;
    case v1::FIELD_TYPE_ENUM:
      return Type::kEnum;
    case v1::FIELD_TYPE_LIST:
      return Type::kList;
    default:
      return Type::kAny;
  }
}

std::string Named(const Expression& operand) {
  switch (operand.op) {
    case Op::kField:
    case Op::kOldField: {
      const std::string name = ShownOperand(operand);
      if (operand.type == Type::kAny) return name;
      return absl::StrCat(name, " (", value::TypeName(operand.field.type), ")");
    }
    default:
      return operand.IsTruth() ? "a condition" : ShownOperand(operand);
  }
}

absl::Status Typing::CheckTruth(const Expression& part) const {
  if (part.IsTruth() || part.type == Type::kBool) return absl::OkStatus();
  const bool is_field = part.op == Op::kField || part.op == Op::kOldField;
  if (is_field && part.type == Type::kAny) return absl::OkStatus();
  const std::string name = ShownOperand(part);
  const std::string cure = part.op == Op::kLiteral      ? std::string("compare a field with it")
                           : part.type == Type::kNumber ? absl::StrCat("write ", name, " = 1")
                           : IsTextual(part.type)       ? absl::StrCat("write ", name, " != \"\"")
                                                        : absl::StrCat("write ", name, " is not null");
  return ErrorAt(text_, part.offset,
                 absl::StrCat("got ", Named(part), ", want something true or false; ", cure));
}

absl::Status Typing::CheckArgument(const Expression& function) const {
  const Expression& argument = function.children[0];
  if (argument.type == Type::kAny || IsTextual(argument.type)) return absl::OkStatus();
  const bool takes_lists = function.op == Op::kLength;
  if (takes_lists && argument.type == Type::kList) return absl::OkStatus();
  return ErrorAt(text_, argument.offset,
                 absl::StrCat("got ", Named(argument), ", want a text", takes_lists ? " or a list" : "",
                              " in ", function.name, "(…)"));
}

absl::Status Typing::CheckComparison(Expression* comparison) const {
  std::vector<Expression>& operands = comparison->children;
  switch (comparison->op) {
    case Op::kEqual:
      return CheckEquality(&operands[0], &operands[1]);
    case Op::kLess:
    case Op::kLessOrEqual:
    case Op::kGreater:
    case Op::kGreaterOrEqual:
      RETURN_IF_ERROR(CheckEquality(&operands[0], &operands[1]));
      return CheckOrder(*comparison);
    case Op::kIn:
      return CheckList(comparison);
    case Op::kContains:
      return CheckContains(&operands[0], &operands[1]);
    case Op::kIsListed:
      if (operands[0].op == Op::kField || operands[0].op == Op::kOldField) return absl::OkStatus();
      return ErrorAt(text_, operands[0].offset,
                     absl::StrCat("got ", Named(operands[0]), ", want a field before is listed"));
    case Op::kIsNull:
      return absl::OkStatus();
    default:
      for (const Expression& operand : operands) RETURN_IF_ERROR(CheckText(operand, WordOf(comparison->op)));
      return absl::OkStatus();
  }
}

absl::Status Typing::CheckEquality(Expression* a, Expression* b) const {
  if (IsLiteral(*a) && a->type == Type::kText && IsWrittenAsText(b->type))
    return TakeLiteralAs(b->type, *b, a);
  if (IsLiteral(*b) && b->type == Type::kText && IsWrittenAsText(a->type))
    return TakeLiteralAs(a->type, *a, b);
  const bool open =
      a->type == Type::kAny || b->type == Type::kAny || a->type == Type::kNull || b->type == Type::kNull;
  if (open || a->type == b->type || (IsTextual(a->type) && IsTextual(b->type))) return absl::OkStatus();
  const bool wrong_left = IsLiteral(*a) && !IsLiteral(*b);
  const Expression& wrong = wrong_left ? *a : *b;
  const Expression& right = wrong_left ? *b : *a;
  const absl::string_view want = IsLiteral(wrong) ? LiteralWanted(right.type) : TypeWanted(right.type);
  return ErrorAt(text_, wrong.offset,
                 absl::StrCat("got ", Named(wrong), ", want ", want, " beside ", Named(right)));
}

absl::Status Typing::CheckOrder(const Expression& comparison) const {
  for (const Expression& operand : comparison.children) {
    switch (operand.type) {
      case Type::kNull:
        return ErrorAt(text_, operand.offset,
                       absl::StrCat("got null, want a value after ", WordOf(comparison.op),
                                    "; nothing is less or greater than null, write is null"));
      case Type::kBool:
      case Type::kBytes:
      case Type::kList:
      case Type::kEnum:
        return ErrorAt(
            text_, operand.offset,
            absl::StrCat(
                "got ", Named(operand), " beside ", WordOf(comparison.op),
                ", want a number, a text, a time or a date; such values have no order, write = or in (…)"));
      default:
        break;
    }
  }
  return absl::OkStatus();
}

absl::Status Typing::CheckContains(Expression* whole, Expression* part) const {
  if (part->type == Type::kNull) {
    return ErrorAt(text_, part->offset, "got null, want a value after contains; nothing contains null");
  }
  if (whole->type == Type::kAny) return absl::OkStatus();
  if (whole->type == Type::kList) {
    Expression element;
    element.op = whole->op;
    element.name = whole->name;
    element.field.type = whole->field.element_type;
    element.type = TypeOf(element.field.type);
    return CheckEquality(&element, part);
  }
  if (!IsTextual(whole->type)) {
    return ErrorAt(text_, whole->offset,
                   absl::StrCat("got ", Named(*whole), ", want a text or a list before contains"));
  }
  return CheckText(*part, "contains");
}

absl::Status Typing::CheckText(const Expression& operand, absl::string_view word) const {
  if (operand.type == Type::kAny || IsTextual(operand.type)) return absl::OkStatus();
  return ErrorAt(text_, operand.offset, absl::StrCat("got ", Named(operand), ", want a text beside ", word));
}

absl::Status Typing::CheckList(Expression* comparison) const {
  std::vector<Expression>& operands = comparison->children;
  for (size_t i = 1; i < operands.size(); ++i) RETURN_IF_ERROR(CheckEquality(&operands[0], &operands[i]));
  return absl::OkStatus();
}

absl::Status Typing::TakeLiteralAs(Type type, const Expression& other, Expression* literal) const {
  const std::string given = literal->literal.text_value();
  const auto refuse = [&](absl::string_view want) {
    return ErrorAt(text_, literal->offset,
                   absl::StrCat("got ", Named(*literal), ", want ", want, " beside ", Named(other)));
  };
  if (type == Type::kTime) {
    const std::optional<int64_t> micros = value::ParseTimestamp(given);
    if (!micros.has_value()) return refuse("a time such as \"2026-02-28T13:45:00Z\"");
    literal->literal = value::TimestampMicros(*micros);
  } else if (type == Type::kDate) {
    if (!value::IsDate(given)) return refuse("a date such as \"2026-02-28\"");
    literal->literal = value::Date(given);
  } else if (type == Type::kUuid) {
    const std::optional<std::string> uuid = value::NormalUuid(given);
    if (!uuid.has_value()) return refuse("a UUID");
    literal->literal.set_text_value(*uuid);
  } else if (const auto& labels = other.field.enum_labels;
             !labels.empty() && std::find(labels.begin(), labels.end(), given) == labels.end()) {
    const size_t shown = std::min(labels.size(), kShownLabels);
    return refuse(absl::StrCat(
        "one of ", absl::StrJoin(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
        shown < labels.size() ? ", …" : ""));
  }
  literal->type = type;
  return absl::OkStatus();
}

}  // namespace cognate::condition
