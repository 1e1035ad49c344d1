#include "services/transformer/rule_set.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace cognate::transformer {
namespace {

// Syncs by name, so that every replica prepares the same.
std::vector<const v1::CompiledSync*> Ordered(const v1::Rules& rules) {
  std::vector<const v1::CompiledSync*> syncs;
  for (const v1::CompiledSync& compiled : rules.syncs()) syncs.push_back(&compiled);
  std::sort(syncs.begin(), syncs.end(), [](auto* a, auto* b) { return a->sync().name() < b->sync().name(); });
  return syncs;
}

TargetPlan& TargetFor(SourcePlan& plan, const v1::CompiledSync& compiled) {
  const v1::Sync& sync = compiled.sync();
  for (TargetPlan& target : plan.targets) {
    if (target.platform == sync.target_platform() && target.model == sync.target_model()) return target;
  }
  TargetPlan& target = plan.targets.emplace_back();
  target.platform = sync.target_platform();
  target.model = sync.target_model();
  target.key_fields.assign(compiled.target_key_fields().begin(), compiled.target_key_fields().end());
  return target;
}

bool Writes(const std::vector<FieldPlan>& fields, const std::string& target_field) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const FieldPlan& field) { return field.rule->target() == target_field; });
}

std::vector<absl::string_view> TargetNames(const std::vector<FieldPlan>& fields) {
  std::vector<absl::string_view> names;
  for (const FieldPlan& field : fields) names.emplace_back(field.rule->target());
  return names;
}

}  // namespace

int SourcePlan::SlotOf(absl::string_view field) const {
  const auto found = slot_numbers_.find(field);
  return found == slot_numbers_.end() ? -1 : static_cast<int>(found->second);
}

uint32_t SourcePlan::AddSlot(const std::string& field) {
  const auto [known, is_new] = slot_numbers_.emplace(field, static_cast<uint32_t>(slots.size()));
  if (is_new) slots.push_back(field);
  return known->second;
}

int SourcePlan::AddReference(ReferencePlan reference) {
  const auto known = std::find(references.begin(), references.end(), reference);
  if (known != references.end()) return static_cast<int>(known - references.begin());
  references.push_back(std::move(reference));
  return static_cast<int>(references.size()) - 1;
}

RuleSet::RuleSet(v1::Rules rules) : rules_(std::move(rules)) {
  for (const v1::CompiledSync* compiled : Ordered(rules_)) AddSync(*compiled);
  // Fields that come from one source model are written together, so they are compared together.
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::vector<FieldPlan>> shapes;
  for (const v1::CompiledSync* compiled : Ordered(rules_)) {
    const v1::Sync& sync = compiled->sync();
    SourcePlan& plan = PlanFor(sync.target_platform(), sync.target_model());
    std::vector<FieldPlan>& fields =
        shapes[{sync.target_platform(), sync.target_model(), sync.source_platform(), sync.source_model()}];
    for (const v1::CompiledField& field : compiled->fields()) {
      if (!Writes(fields, field.target())) fields.push_back({plan.AddSlot(field.target()), &field});
    }
  }
  for (auto& [key, fields] : shapes) {
    value::Fingerprinter fingerprinter(TargetNames(fields));
    PlanFor(std::get<0>(key), std::get<1>(key))
        .echoes.push_back({std::move(fields), std::move(fingerprinter)});
  }
}

void RuleSet::AddSync(const v1::CompiledSync& compiled) {
  const v1::Sync& sync = compiled.sync();
  SourcePlan& plan = PlanFor(sync.source_platform(), sync.source_model());
  if (sync.status() == v1::SYNC_STATUS_PAUSED) {
    plan.paused_syncs.push_back(sync.name());
    return;
  }
  TargetPlan& target = TargetFor(plan, compiled);
  target.syncs.push_back(sync.name());
  for (const v1::CompiledField& field : compiled.fields()) {
    if (Writes(target.fields, field.target())) continue;
    FieldPlan& written = target.fields.emplace_back(FieldPlan{plan.AddSlot(field.source()), &field});
    if (!field.is_reference()) continue;
    written.reference =
        plan.AddReference({field.reference_source_model(), target.platform, field.reference_target_model()});
  }
}

SourcePlan& RuleSet::PlanFor(const std::string& platform, const std::string& model) {
  std::unique_ptr<SourcePlan>& plan = plans_[platform][model];
  if (plan == nullptr) {
    plan = std::make_unique<SourcePlan>();
    plan->platform = platform;
    plan->model = model;
  }
  return *plan;
}

const SourcePlan* RuleSet::Find(absl::string_view platform, absl::string_view model) const {
  const auto models = plans_.find(platform);
  if (models == plans_.end()) return nullptr;
  const auto plan = models->second.find(model);
  return plan == models->second.end() ? nullptr : plan->second.get();
}

}  // namespace cognate::transformer
