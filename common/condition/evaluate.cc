#include <algorithm>

#include "absl/strings/match.h"
#include "common/condition/expression.h"
#include "common/text/letter_case.h"
#include "common/text/trim.h"

namespace cognate::condition {
namespace {

int64_t CountCharacters(absl::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

Datum LengthOf(const Datum& datum) {
  if (datum.IsText()) return IntegerDatum(CountCharacters(datum.text));
  if (datum.kind == Datum::Kind::kList) return IntegerDatum(datum.value->list_value().values_size());
  return Datum();
}

template <typename Change>
Datum ChangeText(const Datum& datum, std::string* room, Change change) {
  if (!datum.IsText()) return Datum();
  std::string changed = change(datum.text);  // before *room goes, in which the text may stand
  *room = std::move(changed);
  return TextDatum(*room);
}

bool Contains(const Datum& whole, const Datum& part) {
  if (part.IsNull()) return false;
  if (whole.IsText()) return part.IsText() && absl::StrContains(whole.text, part.text);
  if (whole.kind != Datum::Kind::kList) return false;
  const auto& values = whole.value->list_value().values();
  return std::any_of(values.begin(), values.end(),
                     [&](const v1::Value& value) { return IsSame(DatumOf(&value), part); });
}

// Of two operands.
bool Relates(Op op, const Datum& a, const Datum& b) {
  switch (op) {
    case Op::kEqual:
      return IsSame(a, b);
    case Op::kLess:
      return Compare(a, b) == Order::kLess;
    case Op::kGreater:
      return Compare(a, b) == Order::kGreater;
    case Op::kLessOrEqual: {
      const Order order = Compare(a, b);
      return order == Order::kLess || order == Order::kEqual;
    }
    case Op::kGreaterOrEqual: {
      const Order order = Compare(a, b);
      return order == Order::kGreater || order == Order::kEqual;
    }
    case Op::kContains:
      return Contains(a, b);
    case Op::kStartsWith:
      return a.IsText() && b.IsText() && absl::StartsWith(a.text, b.text);
    case Op::kEndsWith:
      return a.IsText() && b.IsText() && absl::EndsWith(a.text, b.text);
    default:
      return false;
  }
}

bool IsIn(const Datum& datum, const std::vector<Datum>& sorted) {
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), datum, ComesBefore);
  return found != sorted.end() && IsSame(*found, datum);
}

bool HoldsLeaf(const Expression& leaf, const Subject& subject) {
  std::string room;
  std::string other_room;
  switch (leaf.op) {
    case Op::kIn:
      return IsIn(Evaluate(leaf.children[0], subject, &room), leaf.sorted);
    case Op::kMatches: {
      const Datum datum = Evaluate(leaf.children[0], subject, &room);
      return datum.IsText() && re2::RE2::PartialMatch({datum.text.data(), datum.text.size()}, *leaf.pattern);
    }
    case Op::kIsNull:
      return Evaluate(leaf.children[0], subject, &room).IsNull();
    case Op::kIsListed:
      return FieldOf(leaf.children[0], subject) != nullptr;
    case Op::kAssigned:
      return std::find(subject.assigned.begin(), subject.assigned.end(), leaf.literal.text_value()) !=
             subject.assigned.end();
    default:
      return Relates(leaf.op, Evaluate(leaf.children[0], subject, &room),
                     Evaluate(leaf.children[1], subject, &other_room));
  }
}

}  // namespace

const v1::Value* FieldOf(const Expression& field, const Subject& subject) {
  const auto& values = field.op == Op::kOldField ? subject.old_record : subject.record;
  const auto slot = static_cast<size_t>(field.field.slot);  // -1 is beyond every span
  return slot < values.size() ? values[slot] : nullptr;
}

Datum Evaluate(const Expression& expression, const Subject& subject, std::string* room) {
  switch (expression.op) {
    case Op::kLiteral:
      return DatumOf(&expression.literal);
    case Op::kField:
    case Op::kOldField:
      return DatumOf(FieldOf(expression, subject));
    case Op::kLength:
      return LengthOf(Evaluate(expression.children[0], subject, room));
    case Op::kLower:
      return ChangeText(Evaluate(expression.children[0], subject, room), room, text::ToLower);
    case Op::kUpper:
      return ChangeText(Evaluate(expression.children[0], subject, room), room, text::ToUpper);
    case Op::kTrim:
      return ChangeText(Evaluate(expression.children[0], subject, room), room,
                        [](absl::string_view whole) { return text::Trim(whole, ""); });
    default:
      return BoolDatum(Holds(expression, subject));
  }
}

bool Holds(const Expression& expression, const Subject& subject) {
  const auto holds = [&](const Expression& part) { return Holds(part, subject); };
  switch (expression.op) {
    case Op::kOr:
      return std::any_of(expression.children.begin(), expression.children.end(), holds);
    case Op::kAnd:
      return std::all_of(expression.children.begin(), expression.children.end(), holds);
    case Op::kNot:
      return !Holds(expression.children[0], subject);
    case Op::kLiteral:
      return expression.literal.bool_value();
    case Op::kField:
    case Op::kOldField:
      return DatumOf(FieldOf(expression, subject)).IsTrue();
    default:
      return HoldsLeaf(expression, subject) != expression.is_negated;
  }
}

}  // namespace cognate::condition
