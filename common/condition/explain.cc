#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/condition/expression.h"
#include "common/condition/shown.h"

namespace cognate::condition {
namespace {

constexpr size_t kShownParts = 5;

// What an operand is worth.
std::string Worth(const Expression& operand, const Subject& subject) {
  if (operand.op == Op::kField || operand.op == Op::kOldField) return ShownValue(FieldOf(operand, subject));
  std::string room;
  const Datum datum = Evaluate(operand, subject, &room);
  v1::Value value;
  if (datum.IsText()) value.set_text_value(datum.text.data(), datum.text.size());
  if (datum.kind == Datum::Kind::kInteger) value.set_int64_value(datum.integer);
  if (datum.kind == Datum::Kind::kBool) value.set_bool_value(datum.IsTrue());
  if (datum.IsNull()) value.set_null_value(google::protobuf::NULL_VALUE);
  return ShownValue(&value);
}

// `status is "draft"`.
std::string Found(const Expression& operand, const Subject& subject) {
  if (operand.op == Op::kLiteral) return ShownOperand(operand);
  return absl::StrCat(ShownOperand(operand), " is ", Worth(operand, subject));
}

// `cost (10)` or `"draft"`, for what is wanted.
std::string Wanted(const Expression& operand, const Subject& subject) {
  if (operand.op == Op::kLiteral) return ShownOperand(operand);
  return absl::StrCat(ShownOperand(operand), " (", Worth(operand, subject), ")");
}

std::string ListWanted(const Expression& in) {
  const size_t shown = std::min(in.children.size(), kShownParts + 1);
  const auto begin = in.children.begin();
  return absl::StrCat(
      absl::StrJoin(begin + 1, begin + static_cast<std::ptrdiff_t>(shown), ", ",
                    [](std::string* out, const Expression& literal) { out->append(ShownOperand(literal)); }),
      shown < in.children.size() ? ", …" : "");
}

// Of a comparison: `contains "x"`, which follows "which" and "want one that".
std::string Clause(const Expression& leaf, bool is_negated, const Subject& subject) {
  const char* const verb = leaf.op == Op::kContains     ? "contain"
                           : leaf.op == Op::kStartsWith ? "start with"
                           : leaf.op == Op::kEndsWith   ? "end with"
                                                        : "match";
  const std::string part =
      leaf.op == Op::kMatches ? ShownValue(&leaf.literal) : Wanted(leaf.children[1], subject);
  return is_negated ? absl::StrCat("does not ", verb, " ", part) : absl::StrCat(WordOf(leaf.op), " ", part);
}

class Explainer {
 public:
  explicit Explainer(const Subject& subject) : subject_(subject) {}

  // Adds the parts of an expression that decided it. `is_negated`: a `not` stands before it.
  void Add(const Expression& expression, bool is_negated) {
    switch (expression.op) {
      case Op::kNot:
        return Add(expression.children[0], !is_negated);
      case Op::kAnd:
      case Op::kOr:
        return AddChain(expression, is_negated);
      default:
        if (++count_ <= kShownParts) parts_.push_back(Leaf(expression, is_negated));
    }
  }

  std::string Text() const {
    return absl::StrCat(absl::StrJoin(parts_, " and "),
                        count_ > kShownParts ? absl::StrCat(" and ", count_ - kShownParts, " more") : "");
  }

 private:
  // One part decides that an `and` is false or an `or` is true; otherwise all do.
  void AddChain(const Expression& chain, bool is_negated) {
    const bool by_one = chain.op == Op::kOr;
    for (const Expression& part : chain.children) {
      if (Holds(part, subject_) == by_one) return Add(part, is_negated);
    }
    for (const Expression& part : chain.children) Add(part, is_negated);
  }

  std::string Leaf(const Expression& leaf, bool is_negated) const {
    const bool is_well = Holds(leaf, subject_) != is_negated;
    switch (leaf.op) {
      case Op::kLiteral:
        return absl::StrCat("the condition says ", ShownOperand(leaf));
      case Op::kField:
      case Op::kOldField:
        return absl::StrCat(Found(leaf, subject_), is_well      ? ""
                                                   : is_negated ? ", want false"
                                                                : ", want true");
      case Op::kAssigned:
        return Assigned(leaf.literal.text_value(), is_well, is_negated);
      case Op::kIsListed: {
        const std::string name = ShownOperand(leaf.children[0]);
        const bool is_listed = FieldOf(leaf.children[0], subject_) != nullptr;
        return absl::StrCat(name, is_listed ? " is listed" : " is not listed",
                            is_well     ? ""
                            : is_listed ? ", want it not listed"
                                        : ", want it listed");
      }
      default:
        return Comparison(leaf, is_well, is_negated != leaf.is_negated);
    }
  }

  static std::string Assigned(absl::string_view platform, bool is_well, bool is_negated) {
    const bool is_assigned = is_well != is_negated;
    return absl::StrCat("the record is ", is_assigned ? "" : "not ", "assigned to ", platform,
                        is_well       ? ""
                        : is_assigned ? ", want it not assigned"
                                      : ", want it assigned");
  }

  std::string Comparison(const Expression& leaf, bool is_well, bool is_negated) const {
    const std::string found = Found(leaf.children[0], subject_);
    const char* const no = is_negated ? "not " : "";
    switch (leaf.op) {
      case Op::kIsNull:
        return is_well ? found : absl::StrCat(found, is_negated ? ", want a value" : ", want NULL");
      case Op::kEqual:
        if (is_well && !is_negated) return found;
        return absl::StrCat(found, is_well ? ", which is " : ", want ", no,
                            Wanted(leaf.children[1], subject_));
      case Op::kIn:
        return absl::StrCat(found, is_well ? ", which is " : ", want ", is_negated ? "none of " : "one of ",
                            ListWanted(leaf));
      case Op::kContains:
      case Op::kStartsWith:
      case Op::kEndsWith:
      case Op::kMatches:
        return absl::StrCat(found, is_well ? ", which " : ", want one that ",
                            Clause(leaf, is_negated, subject_));
      default:
        return absl::StrCat(found, is_well ? ", which is " : ", want ", no, WordOf(leaf.op), " ",
                            Wanted(leaf.children[1], subject_));
    }
  }

  const Subject& subject_;
  std::vector<std::string> parts_;
  size_t count_ = 0;
};

}  // namespace

std::string Explain(const Expression& expression, const Subject& subject) {
  Explainer explainer(subject);
  explainer.Add(expression, false);
  return explainer.Text();
}

}  // namespace cognate::condition
