#include "common/transform/inverse.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/transform/inverse_of_step.h"

namespace cognate::transform {
namespace {

using absl::StrCat;
using v1::Transform;
using Mappings = google::protobuf::RepeatedPtrField<v1::FieldMapping>;

std::string Word(const Transform& transform) {
  const auto* const field = Transform::descriptor()->FindFieldByNumber(transform.step_case());
  return field == nullptr ? "" : field->name();
}

const std::vector<std::string> kNoFields;

// The names between braces; `{{` is none.
std::vector<std::string> FieldsOfTemplate(absl::string_view text) {
  std::vector<std::string> fields;
  for (size_t at = text.find('{'); at != absl::string_view::npos; at = text.find('{')) {
    text.remove_prefix(at + 1);
    if (absl::ConsumePrefix(&text, "{")) continue;
    fields.emplace_back(text.substr(0, text.find('}')));
  }
  return fields;
}

// Goes through the chain from its end to its beginning. At each point it knows under which name the other
// side's record holds what a field of this side's record held there; the others are not known.
class Inverter {
 public:
  Inverter(const Transforms& transforms, const Mappings& fields) : transforms_(transforms) {
    for (int i = 0; i < fields.size(); ++i) AddMapping(i, fields[i]);
  }

  Inverse Invert() {
    for (index_ = transforms_.size() - 1; index_ >= 0; --index_) Undo(transforms_[index_]);
    for (const auto& [name, held] : held_) {
      v1::FieldMapping* const mapping = inverse_.fields.Add();
      mapping->set_source(held.name);
      mapping->set_target(name);
      if (held.reference.has_value()) *mapping->mutable_reference() = *held.reference;
    }
    return std::move(inverse_);
  }

 private:
  // What the other side's record has of a field.
  struct Held {
    std::string name;
    std::optional<v1::ReferenceMapping> reference;
  };

  void AddMapping(int i, const v1::FieldMapping& mapping) {
    used_.insert(mapping.target());
    if (held_.contains(mapping.source())) return;  // it is there already, by another name
    Held held = {mapping.target(), std::nullopt};
    if (mapping.has_reference()) {
      if (mapping.reference().target_model().empty()) {
        inverse_.missing.push_back({StrCat("fields[", i, "].reference"),
                                    "target_model is not set, so nobody knows what the ids of the other side "
                                    "refer to; set it"});
        return;
      }
      held.reference.emplace();
      held.reference->set_source_model(mapping.reference().target_model());
      held.reference->set_target_model(mapping.reference().source_model());
    }
    held_[mapping.source()] = std::move(held);
  }

  void Missing(absl::string_view reason) {
    inverse_.missing.push_back(
        {StrCat("transforms[", index_, "].", Word(transforms_[index_])), std::string(reason)});
  }

  bool IsHeld(const std::string& field) const { return held_.contains(field); }

  // What a step wrote was not there before it.
  void Forget(const std::string& field) { held_.erase(field); }

  // Of a step that leaves nothing to go back by: what it wrote is lost, if anybody takes it, unless all that
  // it was made of came back as it is.
  template <typename Names>
  void Lose(const std::string& into, const Names& made_of, absl::string_view reason) {
    bool came_back = !made_of.empty();
    for (const std::string& name : made_of) came_back &= name != into && IsHeld(name);
    if (IsHeld(into) && !came_back) Missing(reason);
    Forget(into);
  }

  void Move(const std::string& from, const std::string& to) {
    auto node = held_.extract(from);
    if (node.empty()) return;
    node.key() = to;
    held_.insert(std::move(node));
  }

  // A step of the way back.
  Transform* AddStep() { return inverse_.transforms.Add(); }

  std::string FreshName(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 2; !used_.insert(name).second; ++i) name = StrCat(wanted, "_", i);
    return name;
  }

  void Undo(const Transform& step);
  void UndoRename(const Transform& step);
  void UndoConcat(const Transform& step);
  void UndoSplit(const Transform& step);
  void UndoUnary(const Transform& step);

  const Transforms& transforms_;
  int index_ = 0;
  std::map<std::string, Held> held_;  // by this side's name
  std::set<std::string> used_;        // the other side's names
  Inverse inverse_;
};

void Inverter::UndoRename(const Transform& step) {
  const std::string& into = step.rename().into();
  if (!step.when().empty())
    return Lose(into, kNoFields, "it runs under a condition, so that either field may hold the value");
  Forget(step.rename().field());
  Move(into, step.rename().field());
}

void Inverter::UndoConcat(const Transform& step) {
  const v1::Concat& concat = step.concat();
  const std::string& into = concat.into();
  const std::set<std::string> names(concat.fields().begin(), concat.fields().end());
  std::string why;
  if (!step.when().empty()) {
    why = "it runs under a condition, which says nothing of the record on the way back";
  } else if (names.size() != static_cast<size_t>(concat.fields_size())) {
    why = "a field stands in it twice";
  } else if (concat.fields_size() > 1 && concat.separator().empty()) {
    why = "without a separator nobody knows where a part ends";
  } else if (concat.skip_empty()) {
    why = "with skip_empty nobody knows which part is missing";
  }
  bool came_back = true;
  for (const std::string& name : names) came_back &= name != into && IsHeld(name);
  if (came_back || !IsHeld(into) || !why.empty()) return Lose(into, concat.fields(), why);
  const Held held = held_[into];
  Forget(into);
  if (concat.fields_size() == 1) {
    held_[concat.fields(0)] = held;
    return;
  }
  v1::Split* const split = AddStep()->mutable_split();
  split->set_field(held.name);
  split->set_separator(concat.separator());
  for (const std::string& name : concat.fields()) {
    split->add_into(FreshName(name));
    held_.emplace(name, Held{*split->into().rbegin(), std::nullopt});
  }
}

void Inverter::UndoSplit(const Transform& step) {
  const v1::Split& split = step.split();
  bool any_held = false;
  bool all_held = true;
  bool in_place = false;
  for (const std::string& part : split.into()) {
    any_held |= IsHeld(part);
    all_held &= IsHeld(part);
    in_place |= part == split.field();
  }
  std::string why;
  if (split.into_size() == 1) {
    why = "the parts are one list; name them in into to put them together again";
  } else if (!all_held) {
    why = "not every part is mapped";
  } else if (!step.when().empty()) {
    why = "it runs under a condition";
  }
  const bool came_back = !in_place && IsHeld(split.field());
  if (came_back || !any_held || !why.empty()) {
    if (!came_back && any_held) Missing(why);
    for (const std::string& part : split.into()) Forget(part);
    return;
  }
  v1::Concat* const concat = AddStep()->mutable_concat();
  for (const std::string& part : split.into()) {
    concat->add_fields(held_[part].name);
    Forget(part);
  }
  concat->set_separator(split.separator());
  concat->set_skip_empty(true);  // parts that were missing
  concat->set_into(FreshName(split.field()));
  held_[split.field()] = {concat->into(), std::nullopt};
}

void Inverter::UndoUnary(const Transform& step) {
  std::string field;
  std::string into;
  if (!IsUnary(step, &field, &into)) return;
  if (!IsHeld(into) || (into != field && IsHeld(field)))
    return Forget(into);  // nobody takes it, or it came back
  Transform back;
  const std::string why = step.when().empty()
                              ? InvertUnary(step, held_[into].name, &back)
                              : "it runs under a condition, which says nothing of the record on the way back";
  if (!why.empty()) return Lose(into, kNoFields, why);
  *AddStep() = std::move(back);
  if (into != field) Move(into, field);
}

void Inverter::Undo(const Transform& step) {
  switch (step.step_case()) {
    case Transform::kRename:
      return UndoRename(step);
    case Transform::kCopy:
      if (IsHeld(step.copy().field()) || !step.when().empty()) return Forget(step.copy().into());
      return Move(step.copy().into(), step.copy().field());
    case Transform::kDrop:
      for (const std::string& field : step.drop().fields()) Forget(field);
      return;
    case Transform::kConstant:
      return Forget(step.constant().into());
    case Transform::kDefault:
    case Transform::STEP_NOT_SET:
      return;
    case Transform::kCoalesce:
      return Lose(step.coalesce().into(), step.coalesce().fields(),
                  "nobody knows which of the fields it came from");
    case Transform::kConcat:
      return UndoConcat(step);
    case Transform::kSplit:
      return UndoSplit(step);
    case Transform::kTemplate:
      return Lose(step.template_().into(), FieldsOfTemplate(step.template_().template_()),
                  "a template does not take a text apart");
    case Transform::kSetPath:
      return Lose(step.set_path().field(), kNoFields, "what stood at the path before is not known");
    case Transform::kScript:
      for (const v1::ScriptField& field : step.script().writes()) {
        Lose(field.field(), kNoFields, "a script has no way back");
      }
      return;
    default:
      return UndoUnary(step);
  }
}

}  // namespace

Inverse Invert(const Transforms& transforms, const Mappings& fields) {
  return Inverter(transforms, fields).Invert();
}

}  // namespace cognate::transform
