#include "services/transformer/expansion_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cognate::transformer {
namespace {

int SlotOf(const ExpansionPlan& plan, absl::Span<const v1::ModelField> parent_fields,
           const std::string& name) {
  if (!plan.chain.empty()) return plan.chain.SlotAfter(name);
  const auto found = std::find_if(parent_fields.begin(), parent_fields.end(),
                                  [&](const v1::ModelField& field) { return field.name() == name; });
  return found == parent_fields.end() ? -1 : static_cast<int>(found - parent_fields.begin());
}

}  // namespace

ExpansionPlan MakeExpansionPlan(const v1::CompiledExpansion& compiled,
                                absl::Span<const v1::ModelField> parent_fields, std::string* wrong) {
  const v1::Expansion& expansion = compiled.model().expansion();
  ExpansionPlan plan;
  plan.rule = &compiled;
  plan.facts = {compiled.model().model(), compiled.platform(), compiled.platform(), expansion.model(),
                compiled.model().model()};
  plan.is_key_place = expansion.key().empty();
  plan.parent_keys = static_cast<size_t>(std::max(1, compiled.model().key_fields_size() - 1));
  *wrong = compiled.broken();
  if (!wrong->empty()) return plan;
  std::vector<FieldViolation> violations;
  plan.chain = transform::Chain::Compile(expansion.transforms(), parent_fields, &violations);
  for (const FieldViolation& violation : violations)
    absl::StrAppend(wrong, wrong->empty() ? "" : "; ", violation.field, ": ", violation.description);
  if (!wrong->empty()) return plan;
  plan.elements_slot = SlotOf(plan, parent_fields, expansion.field());
  const std::string key = plan.is_key_place ? "place" : expansion.key();
  for (const v1::ModelField& field : compiled.model().fields()) {
    PartField& part = plan.fields.emplace_back(PartField{&field, -1, "", field.name() == key});
    for (const v1::ParentField& from : expansion.parent_fields()) {
      if ((from.into().empty() ? from.field() : from.into()) != field.name()) continue;
      part.parent_slot = SlotOf(plan, parent_fields, from.field());
      part.parent_field = from.field();
    }
  }
  return plan;
}

}  // namespace cognate::transformer
