#include "services/platform_registry/rules.h"

#include <algorithm>
#include <memory>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/files/rule.h"
#include "services/platform_registry/acting_check.h"
#include "services/platform_registry/chain_fields.h"
#include "services/platform_registry/expansion.h"
#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {
namespace {

// True unless the catalogue says that the foreign key points at something else than the referenced model's
// key: such a field holds a plain value, not a local id.
bool PointsAtKey(const Configuration& configuration, absl::string_view platform, const v1::ForeignKey& key) {
  const v1::Model* referenced = configuration.FindModel(platform, key.model());
  if (referenced == nullptr || key.referenced_fields().empty()) return true;
  return std::equal(key.referenced_fields().begin(), key.referenced_fields().end(),
                    referenced->key_fields().begin(), referenced->key_fields().end());
}

void CompileReference(const Configuration& configuration, const v1::Sync& sync, const MappedField& field,
                      const ChainField& from, const v1::Model& source, const v1::Model& target,
                      v1::CompiledField* compiled) {
  const bool mapped = field.mapping != nullptr && field.mapping->has_reference();
  const bool declared = mapped || from.reference != nullptr;
  const v1::ForeignKey* source_key =
      from.is_written ? nullptr : FindReference(configuration, sync.source_platform(), source, field.source);
  const v1::ForeignKey* target_key =
      FindReference(configuration, sync.target_platform(), target, field.target);
  if (!declared && source_key == nullptr) return;
  const std::string referenced = mapped                      ? field.mapping->reference().source_model()
                                 : from.reference != nullptr ? from.reference->source_model()
                                                             : source_key->model();
  const std::string declared_target = mapped                      ? field.mapping->reference().target_model()
                                      : from.reference != nullptr ? from.reference->target_model()
                                                                  : "";
  const std::set<std::string> brought = BroughtTo(configuration, sync, referenced);
  if (!declared && target_key == nullptr && brought.empty()) return;

  compiled->set_is_reference(true);
  compiled->set_reference_source_model(referenced);
  if (!declared_target.empty()) {
    compiled->set_reference_target_model(declared_target);
  } else if (target_key != nullptr) {
    compiled->set_reference_target_model(target_key->model());
  } else if (brought.size() == 1) {
    compiled->set_reference_target_model(*brought.begin());
  }
}

// References that stand inside lists and texts find their models by what the steps say.
void NameTargets(const Configuration& configuration, const v1::Sync& sync, v1::CompiledSync* compiled) {
  const auto name = [&](v1::Transform* transform) {
    if (!transform->has_reference() || !transform->reference().target_model().empty()) return;
    const std::set<std::string> brought =
        BroughtTo(configuration, sync, transform->reference().source_model());
    if (brought.size() == 1) transform->mutable_reference()->set_target_model(*brought.begin());
  };
  for (v1::Transform& transform : *compiled->mutable_sync()->mutable_transforms()) name(&transform);
  for (v1::CompiledStep& step : *compiled->mutable_chain()) name(step.mutable_transform());
}

bool IsTimeOfDeletion(const v1::Sync& sync, absl::string_view field) {
  const auto marks = [&](const v1::LeavePolicy& policy) {
    return policy.action() == v1::LEAVE_ACTION_SOFT_DELETE && policy.time_field() == field;
  };
  return marks(sync.leave()) || marks(sync.on_delete());
}

// Whether a leave policy writes the target's field.
bool IsLeft(const v1::Sync& sync, absl::string_view field) {
  const auto writes = [&](const v1::LeavePolicy& policy) {
    return policy.action() == v1::LEAVE_ACTION_UNPUBLISH &&
           std::any_of(policy.values().begin(), policy.values().end(),
                       [&](const v1::Field& value) { return value.name() == field; });
  };
  return IsTimeOfDeletion(sync, field) || writes(sync.leave()) || writes(sync.on_delete());
}

// A record that comes back is no longer deleted.
void AddNull(const v1::ModelField& target_field, v1::CompiledSync* compiled) {
  v1::CompiledField* const out = compiled->add_fields();
  out->set_target(target_field.name());
  *out->mutable_target_field() = target_field;
}

}  // namespace

const v1::ForeignKey* FindReference(const Configuration& configuration, absl::string_view platform,
                                    const v1::Model& model, absl::string_view field) {
  const v1::ForeignKey* key = FindForeignKey(model, field);
  return key != nullptr && PointsAtKey(configuration, platform, *key) ? key : nullptr;
}

std::set<std::string> BroughtTo(const Configuration& configuration, const v1::Sync& sync,
                                absl::string_view source_model) {
  std::set<std::string> models;
  for (const v1::Sync* const other :
       configuration.SyncsBetween(sync.source_platform(), sync.target_platform())) {
    if (other->source_model() == source_model) models.insert(other->target_model());
  }
  return models;
}

std::vector<MappedField> MappedFields(const Configuration& configuration, const v1::Sync& sync,
                                      const v1::Model& source, const v1::Model& target) {
  std::vector<MappedField> mapped;
  absl::flat_hash_set<std::string> sources, targets;
  for (int i = 0; i < sync.fields_size(); ++i) {
    const v1::FieldMapping& mapping = sync.fields(i);
    mapped.push_back({mapping.source(), mapping.target(), &mapping, i});
    sources.insert(mapping.source());
    targets.insert(mapping.target());
  }
  if (!sync.all_fields()) return mapped;
  const ChainFields record = FieldsAfterChain(configuration, sync, source);
  for (const ChainField& after : record.fields) {
    const v1::ModelField& field = after.field;
    const v1::ModelField* same = FindField(target, field.name());
    if (same == nullptr || same->generated() || field.generated() || IsKeyField(source, field.name()) ||
        sources.contains(field.name()) || targets.contains(field.name())) {
      continue;
    }
    mapped.push_back({field.name(), field.name(), nullptr, -1});
  }
  return mapped;
}

v1::CompiledSync CompileSync(const Configuration& configuration, const v1::Sync& sync) {
  v1::CompiledSync compiled;
  *compiled.mutable_sync() = sync;
  compiled.set_broken(sync.broken());
  const v1::Model* source = configuration.FindModel(sync.source_platform(), sync.source_model());
  const v1::Model* target = configuration.FindModel(sync.target_platform(), sync.target_model());
  if (source == nullptr || target == nullptr) return compiled;
  *compiled.mutable_target_key_fields() = target->key_fields();
  const ChainFields record = FieldsAfterChain(configuration, sync, *source);
  for (std::string& platform : AssignmentPlatforms(sync, *source, record)) {
    compiled.add_assignment_platforms(std::move(platform));
  }
  if (!sync.before().empty() || !sync.after().empty()) *compiled.mutable_chain() = *record.steps;
  NameTargets(configuration, sync, &compiled);
  for (const std::string& path : sync.acting_identity()) {
    std::string wrong;
    const auto acting = CompileActingPath(configuration, sync, *source, path, &wrong);
    if (acting.has_value()) *compiled.add_acting_identity() = *acting;
  }
  if (!sync.filter().empty() || !record.steps->empty()) {
    *compiled.mutable_source_fields() = source->fields();
  }
  const std::vector<MappedField> mapped = MappedFields(configuration, sync, *source, *target);
  for (const v1::ModelField& target_field : target->fields()) {
    const auto field = std::find_if(mapped.begin(), mapped.end(), [&](const MappedField& one) {
      return one.target == target_field.name();
    });
    if (IsLeft(sync, target_field.name())) *compiled.add_leave_fields() = target_field;
    if (field == mapped.end()) {
      if (IsTimeOfDeletion(sync, target_field.name())) AddNull(target_field, &compiled);
      continue;
    }
    const ChainField* const from = record.Find(field->source);
    if (from == nullptr) continue;
    v1::CompiledField* out = compiled.add_fields();
    out->set_source(field->source);
    out->set_target(field->target);
    *out->mutable_source_field() = from->field;
    *out->mutable_target_field() = target_field;
    if (field->mapping != nullptr && field->mapping->has_file()) {
      *out->mutable_file() = files::Completed(field->mapping->file(), field->target);
    } else {
      CompileReference(configuration, sync, *field, *from, *source, *target, out);
    }
  }
  return compiled;
}

v1::Rules CompileRules(const Configuration& configuration) {
  v1::Rules rules;
  Concern changes;
  changes.everything = true;
  CompileConcerned(configuration, changes, &rules);
  return rules;
}

// Both are in the order of the syncs' names.
void CompileConcerned(const Configuration& configuration, const Concern& changes, v1::Rules* rules) {
  rules->set_revision(configuration.revision);
  std::vector<v1::CompiledSync*> extracted(static_cast<size_t>(rules->syncs_size()));
  rules->mutable_syncs()->ExtractSubrange(0, rules->syncs_size(), extracted.data());
  std::vector<std::unique_ptr<v1::CompiledSync>> before(extracted.begin(), extracted.end());
  rules->mutable_syncs()->Reserve(static_cast<int>(configuration.syncs.size()));
  rules->clear_expansions();
  size_t place = 0;
  std::set<std::pair<std::string, std::string>> expanded;
  for (const auto& [name, sync] : configuration.syncs) {
    while (place < before.size() && before[place]->sync().name() < name) ++place;
    const bool is_known = place < before.size() && before[place]->sync().name() == name;
    if (is_known && !changes.Has(sync)) {
      rules->mutable_syncs()->AddAllocated(before[place++].release());
    } else {
      *rules->add_syncs() = CompileSync(configuration, sync);
    }
    const v1::Model* const source = configuration.FindModel(sync.source_platform(), sync.source_model());
    if (source == nullptr || !source->has_expansion()) continue;
    if (expanded.emplace(sync.source_platform(), sync.source_model()).second)
      *rules->add_expansions() = CompileExpansion(configuration, sync.source_platform(), *source);
  }
}

std::string Title(const Configuration& configuration, const v1::Sync& sync, const v1::Model& source,
                  const v1::Model& target) {
  const std::vector<MappedField> mapped = MappedFields(configuration, sync, source, target);
  const bool renamed = std::any_of(mapped.begin(), mapped.end(),
                                   [](const MappedField& field) { return field.source != field.target; });
  const bool partial =
      std::any_of(source.fields().begin(), source.fields().end(), [&](const v1::ModelField& field) {
        return !IsKeyField(source, field.name()) &&
               std::none_of(mapped.begin(), mapped.end(),
                            [&](const MappedField& one) { return one.source == field.name(); });
      });
  std::vector<std::string> remarks;
  if (partial) remarks.push_back("partially");
  if (renamed) remarks.push_back("mapped");
  if (sync.only_assigned()) remarks.push_back("only assigned");
  return absl::StrCat(sync.source_model(), " on ", sync.source_platform(), " to ", sync.target_model(),
                      " on ", sync.target_platform(),
                      remarks.empty() ? "" : absl::StrCat(" (", absl::StrJoin(remarks, ", "), ")"));
}

}  // namespace cognate::platform_registry
