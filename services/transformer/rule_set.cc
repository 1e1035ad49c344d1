#include "services/transformer/rule_set.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/value/value.h"
#include "services/clients/schedule.h"
#include "services/clients/ways_back.h"
#include "services/transformer/collect.h"

namespace cognate::transformer {
namespace {

// Syncs by name, so that every replica prepares the same.
std::vector<const v1::CompiledSync*> Ordered(const v1::Rules& rules) {
  std::vector<const v1::CompiledSync*> syncs;
  for (const v1::CompiledSync& compiled : rules.syncs()) syncs.push_back(&compiled);
  std::sort(syncs.begin(), syncs.end(), [](auto* a, auto* b) { return a->sync().name() < b->sync().name(); });
  return syncs;
}

bool Writes(const std::vector<FieldPlan>& fields, const std::string& target_field) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const FieldPlan& field) { return field.rule->target() == target_field; });
}

const v1::FieldMapping* MappingOf(const v1::Sync& sync, const std::string& target_field) {
  const auto found =
      std::find_if(sync.fields().begin(), sync.fields().end(),
                   [&](const v1::FieldMapping& mapping) { return mapping.target() == target_field; });
  return found == sync.fields().end() ? nullptr : &*found;
}

std::vector<absl::string_view> TargetNames(const std::vector<FieldPlan>& fields) {
  std::vector<absl::string_view> names;
  for (const FieldPlan& field : fields) names.emplace_back(field.rule->target());
  return names;
}

void Mark(size_t slot, std::vector<bool>* slots) {
  if (slots->size() <= slot) slots->resize(slot + 1, false);
  (*slots)[slot] = true;
}

const v1::Value& NullValue() {
  static const v1::Value* const kNull = new v1::Value(value::Null());
  return *kNull;
}

}  // namespace

std::vector<std::string> TargetPlan::syncs() const {
  std::vector<std::string> names;
  names.reserve(parts.size());
  for (const SyncPart& part : parts) names.push_back(part.sync);
  return names;
}

bool TargetPlan::TakesNow(const RecordChange& change) const {
  return change.Wants(platform) && !KeepsBack(change);
}

bool TargetPlan::KeepsBack(const RecordChange& change) const {
  return change.is_live && interval > absl::ZeroDuration() && change.Wants(platform);
}

bool SourcePlan::Removes(const RecordChange& change) const {
  return mirror != nullptr && !comes_back && change.is_delete() && change.logged->is_amended() &&
         change.Wants(platform);
}

bool EchoShape::Covers(const TargetPlan& target) const {
  for (size_t slot = 0; slot < target.reads.size(); ++slot) {
    if (target.reads[slot] && (slot >= writes.size() || !writes[slot])) return false;
  }
  return true;
}

int SourcePlan::SlotOf(absl::string_view field) const {
  const auto found = slot_numbers_.find(field);
  return found == slot_numbers_.end() ? -1 : static_cast<int>(found->second);
}

bool SourcePlan::any_target_detaches() const {
  return std::any_of(targets.begin(), targets.end(),
                     [](const TargetPlan& target) { return target.detaches(); });
}

uint32_t SourcePlan::AddSlot(const v1::ModelField& field) {
  const auto [known, is_new] = slot_numbers_.emplace(field.name(), static_cast<uint32_t>(slots.size()));
  if (is_new) {
    slots.push_back(field.name());
    fields_.push_back(field);
  }
  return known->second;
}

int SourcePlan::AddReference(ReferencePlan reference) {
  const auto [known, is_new] = reference_places_.emplace(reference, static_cast<int>(references.size()));
  if (is_new) references.push_back(std::move(reference));
  return known->second;
}

int SourcePlan::ReferenceOf(const v1::Reference& made, const std::string& target_platform) const {
  const auto found =
      reference_places_.find(ReferencePlan{made.source_model(), target_platform, made.model()});
  return found == reference_places_.end() ? -1 : found->second;
}

TargetPlan& SourcePlan::TargetFor(const v1::CompiledSync& compiled) {
  const v1::Sync& sync = compiled.sync();
  const auto [known, is_new] =
      target_places_.emplace(std::make_pair(sync.target_platform(), sync.target_model()), targets.size());
  if (!is_new) return targets[known->second];
  TargetPlan& target = targets.emplace_back();
  target.platform = sync.target_platform();
  target.model = sync.target_model();
  target.key_fields.assign(compiled.target_key_fields().begin(), compiled.target_key_fields().end());
  target.interval = clients::IntervalOf(sync);
  target.leave = MakeDeparture(sync.leave(), compiled.leave_fields());
  target.on_delete = MakeDeparture(sync.on_delete(), compiled.leave_fields());
  return target;
}

RuleSet::RuleSet(v1::Rules rules) : rules_(std::move(rules)) {
  const std::vector<const v1::CompiledSync*> syncs = Ordered(rules_);
  for (const v1::CompiledSync* compiled : syncs) AddSlots(*compiled);
  for (const v1::CompiledExpansion& compiled : rules_.expansions()) AddExpansionSlots(compiled);
  for (const v1::CompiledSync* compiled : syncs) AddActingSlots(*compiled);
  for (const v1::CompiledSync* compiled : syncs) AddSync(*compiled);
  for (const v1::CompiledExpansion& compiled : rules_.expansions()) AddExpansion(compiled);
  AddEchoes(syncs);
  MarkWaysBack();
  IndexTargets();
}

// All of a model's slots are there before the first chain counts them.
void RuleSet::AddSlots(const v1::CompiledSync& compiled) {
  const v1::Sync& sync = compiled.sync();
  SourcePlan& source = PlanFor(sync.source_platform(), sync.source_model());
  if (sync.transforms().empty() && compiled.chain().empty()) {
    for (const v1::CompiledField& field : compiled.fields()) {
      if (field.source().empty()) continue;
      v1::ModelField named = field.source_field();
      named.set_name(field.source());
      source.AddSlot(named);
    }
  }
  for (const v1::ModelField& field : compiled.source_fields()) source.AddSlot(field);
  SourcePlan& target = PlanFor(sync.target_platform(), sync.target_model());
  for (const v1::CompiledField& field : compiled.fields()) {
    v1::ModelField named = field.target_field();
    named.set_name(field.target());
    target.AddSlot(named);
  }
}

// Those of a chain's steps may stand anywhere inside a value.
void RuleSet::AddReferences(const v1::CompiledSync& compiled, const std::string& target_platform,
                            SourcePlan& plan) {
  const auto add = [&](const v1::Transform& step) {
    const v1::MakeReference& made = step.reference();
    if (step.has_reference()) plan.AddReference({made.source_model(), target_platform, made.target_model()});
  };
  for (const v1::CompiledStep& step : compiled.chain()) add(step.transform());
  if (!compiled.chain().empty()) return;
  for (const v1::Transform& step : compiled.sync().transforms()) add(step);
}

// Behind those whose types a chain has to know.
void RuleSet::AddActingSlots(const v1::CompiledSync& compiled) {
  SourcePlan& source = PlanFor(compiled.sync().source_platform(), compiled.sync().source_model());
  for (const v1::CompiledActingPath& path : compiled.acting_identity()) {
    v1::ModelField field;
    field.set_name(path.field());
    source.AddSlot(field);
  }
}

void RuleSet::AddExpansionSlots(const v1::CompiledExpansion& compiled) {
  SourcePlan& parent = PlanFor(compiled.platform(), compiled.model().expansion().model());
  for (const v1::ModelField& field : compiled.parent_model_fields()) parent.AddSlot(field);
}

// The parts of one that does not fit its parent's model stay as they are.
void RuleSet::AddExpansion(const v1::CompiledExpansion& compiled) {
  SourcePlan& parent = PlanFor(compiled.platform(), compiled.model().expansion().model());
  std::string wrong;
  ExpansionPlan plan = MakeExpansionPlan(compiled, parent.fields_, &wrong);
  if (wrong.empty()) parent.expansions.push_back(std::move(plan));
}

void RuleSet::AddSync(const v1::CompiledSync& compiled) {
  const v1::Sync& sync = compiled.sync();
  SourcePlan& plan = PlanFor(sync.source_platform(), sync.source_model());
  if (sync.status() == v1::SYNC_STATUS_PAUSED) {
    plan.idle_syncs.push_back(
        {sync.name(), "is paused: set its status to SYNC_STATUS_ACTIVE, then start a backfill of it"});
    return;
  }
  if (!compiled.broken().empty()) {
    plan.idle_syncs.push_back(
        {sync.name(), absl::StrCat("no longer fits its models: ", compiled.broken(),
                                   "; correct the sync or the table, then start a backfill of it")});
    return;
  }
  PlanFor(sync.target_platform(), sync.target_model())
      .writers.push_back({sync.name(), sync.source_platform()});
  if (sync.mirror()) AddMirror(compiled);
  TargetPlan& target = plan.TargetFor(compiled);
  if (target.contact == nullptr && !sync.natural_keys().empty()) target.contact = &sync;
  if (sync.has_guard()) target.guarded.push_back(&sync);
  const size_t part = target.parts.size();
  target.parts.push_back(MakeSyncPart(compiled, plan.fields_));
  const SyncPart& made = target.parts.back();
  plan.asks_assignments |= !compiled.assignment_platforms().empty();
  plan.asks_former |= made.chain.reads_old();
  AddReferences(compiled, target.platform, plan);
  if (target.acting.empty()) {
    for (const v1::CompiledActingPath& path : compiled.acting_identity()) {
      target.acting.push_back(
          {static_cast<uint32_t>(plan.SlotOf(path.field())), path.model(), path.model_field()});
    }
    plan.asks_acting |= !target.acting.empty();
  }
  if (made.reads_everything()) {
    for (size_t slot = 0; slot < plan.slots.size(); ++slot) Mark(slot, &target.reads);
  }
  for (const v1::CompiledField& field : compiled.fields()) {
    if (Writes(target.fields, field.target())) continue;
    if (field.source().empty()) {
      target.fields.push_back({.rule = &field, .part = part, .constant = &NullValue()});
      continue;
    }
    const int slot = made.SlotAfter(field.source(), plan.SlotOf(field.source()));
    if (slot < 0) continue;
    FieldPlan& written = target.fields.emplace_back(
        FieldPlan{.slot = static_cast<uint32_t>(slot), .rule = &field, .part = part});
    written.nests = made.chain.HoldsReferencesAfter(field.source());
    target.nests |= written.nests;
    written.mapping = MappingOf(sync, field.target());
    if (made.chain.empty()) Mark(written.slot, &target.reads);
    if (!field.is_reference()) continue;
    written.reference =
        plan.AddReference({field.reference_source_model(), target.platform, field.reference_target_model()});
  }
}

void RuleSet::AddMirror(const v1::CompiledSync& compiled) {
  const v1::Sync& sync = compiled.sync();
  SourcePlan& plan = PlanFor(sync.target_platform(), sync.target_model());
  plan.mirror = std::make_unique<TargetPlan>();
  plan.mirror->platform = sync.target_platform();
  plan.mirror->model = sync.target_model();
  plan.mirror->key_fields.assign(compiled.target_key_fields().begin(), compiled.target_key_fields().end());
  plan.mirror->parts.emplace_back().sync = sync.name();
  plan.mirrored_platform = sync.source_platform();
  plan.mirrored_model = sync.source_model();
}

// Fields that come from one source model are written together, so they are compared together.
void RuleSet::AddEchoes(const std::vector<const v1::CompiledSync*>& syncs) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::vector<FieldPlan>> shapes;
  for (const v1::CompiledSync* compiled : syncs) {
    const v1::Sync& sync = compiled->sync();
    const SourcePlan& plan = PlanFor(sync.target_platform(), sync.target_model());
    std::vector<FieldPlan>& fields =
        shapes[{sync.target_platform(), sync.target_model(), sync.source_platform(), sync.source_model()}];
    for (const v1::CompiledField& field : compiled->fields()) {
      if (Writes(fields, field.target())) continue;
      fields.push_back({.slot = static_cast<uint32_t>(plan.SlotOf(field.target())), .rule = &field});
    }
  }
  for (auto& [key, fields] : shapes) {
    EchoShape shape{{}, value::Fingerprinter(TargetNames(fields)), {}};
    for (const FieldPlan& field : fields) Mark(field.slot, &shape.writes);
    shape.fields = std::move(fields);
    PlanFor(std::get<0>(key), std::get<1>(key)).echoes.push_back(std::move(shape));
  }
}

void RuleSet::IndexTargets() {
  for (auto& [platform, plans] : plans_) {
    for (auto& [model, plan] : plans) {
      for (size_t i = 0; i < plan->targets.size(); ++i) {
        TargetPlan& target = plan->targets[i];
        target.only_assigned =
            std::all_of(target.parts.begin(), target.parts.end(),
                        [](const SyncPart& part) { return part.only_assigned && part.broken.empty(); });
        (target.only_assigned ? plan->assigned_targets[target.platform] : plan->open_targets).push_back(i);
      }
    }
  }
}

void RuleSet::MarkWaysBack() {
  const absl::flat_hash_set<clients::ModelName> models = clients::ModelsOnWaysBack(rules_);
  for (auto& [platform, plans] : plans_) {
    for (auto& [model, plan] : plans) {
      plan->comes_back = models.contains({platform, model});
      for (TargetPlan& target : plan->targets) {
        target.comes_back = models.contains({target.platform, target.model});
      }
    }
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
