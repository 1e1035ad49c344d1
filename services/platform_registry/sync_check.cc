#include "services/platform_registry/sync_check.h"

#include <algorithm>
#include <map>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "common/value/convert.h"
#include "services/platform_registry/acting_check.h"
#include "services/platform_registry/contact_check.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/file_check.h"
#include "services/platform_registry/mapping_cycle.h"
#include "services/platform_registry/names.h"
#include "services/platform_registry/rules.h"
#include "services/platform_registry/schedule_check.h"
#include "services/platform_registry/sync_risks.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

void CheckSide(SyncCheck& check, SyncSide& side, const std::string& platform, const std::string& model) {
  side.platform = check.configuration.FindPlatform(platform);
  if (side.platform == nullptr) {
    check.Wrong(side.platform_path,
                StrCat("got \"", platform, "\", want the id of a platform; CreatePlatform adds it"));
    return;
  }
  side.model = check.configuration.FindModel(platform, model);
  if (side.model == nullptr) {
    check.Wrong(side.model_path,
                StrCat("got \"", model, "\", want a model of ", platform,
                       "'s catalogue; AnalyzeModels reads it again, PutModels describes it"));
  } else if (side.model->missing()) {
    check.Wrong(side.model_path, StrCat("got ", model, ", which is gone from ", platform,
                                        "'s database; bring it back and analyse it, or delete the sync"));
  }
}

void CheckTarget(SyncCheck& check) {
  if (check.target.platform != nullptr && check.target.platform->channel() == v1::CHANNEL_NONE) {
    check.Wrong(check.target.platform_path,
                StrCat("got ", check.sync.target_platform(),
                       ", which no channel reaches; give that platform a channel first"));
  }
  if (check.target.model != nullptr && check.target.model->key_fields().empty()) {
    check.Wrong(
        check.target.model_path,
        StrCat("got ", check.sync.target_model(),
               ", which has no primary key: records there could not be found again; add one and analyse it"));
  }
}

void CheckReference(SyncCheck& check, int index, const v1::ReferenceMapping& reference) {
  if (check.configuration.FindModel(check.sync.source_platform(), reference.source_model()) == nullptr) {
    check.Wrong(
        MappingPath(index, "reference.source_model"),
        StrCat("got \"", reference.source_model(), "\", want a model of ", check.sync.source_platform()));
  }
  if (!reference.target_model().empty() &&
      check.configuration.FindModel(check.sync.target_platform(), reference.target_model()) == nullptr) {
    check.Wrong(
        MappingPath(index, "reference.target_model"),
        StrCat("got \"", reference.target_model(), "\", want a model of ", check.sync.target_platform()));
  }
}

void CheckSourceField(SyncCheck& check, int index, const v1::FieldMapping& mapping) {
  const ChainField* const field = check.record.Find(mapping.source());
  if (field == nullptr) {
    check.Wrong(
        MappingPath(index, "source"),
        StrCat("got \"", mapping.source(), "\", want a field of ", check.sync.source_model(),
               check.record.steps->empty() ? ": " : " after its transforms: ", FieldNames(check.record)));
  } else if (field->field.generated() && !field->is_written &&
             check.source.platform->capture_mode() == v1::CAPTURE_MODE_REPLICATION) {
    check.Wrong(
        MappingPath(index, "source"),
        StrCat(
            "got ", mapping.source(),
            ", which the database computes and leaves out of its replication stream; map the fields that it "
            "is computed from"));
  }
}

void CheckTargetField(SyncCheck& check, int index, const v1::FieldMapping& mapping) {
  const v1::ModelField* field = FindField(*check.target.model, mapping.target());
  if (field == nullptr) {
    check.Wrong(MappingPath(index, "target"),
                StrCat("got \"", mapping.target(), "\", want a field of ", check.sync.target_model(), ": ",
                       FieldNames(*check.target.model)));
  } else if (field->generated()) {
    check.Wrong(
        MappingPath(index, "target"),
        StrCat("got ", mapping.target(), ", which the target computes itself; take this mapping out"));
  }
}

void CheckMappings(SyncCheck& check) {
  if (check.sync.fields().empty() && !check.sync.all_fields()) {
    check.Wrong("sync.fields", "got none, want at least one mapping, or all_fields");
  }
  std::map<std::string, int> seen;
  for (int i = 0; i < check.sync.fields_size(); ++i) {
    const v1::FieldMapping& mapping = check.sync.fields(i);
    // Where the chain is broken nobody knows what the mapping finds.
    if (check.record.violations.empty()) CheckSourceField(check, i, mapping);
    CheckTargetField(check, i, mapping);
    if (mapping.has_reference()) CheckReference(check, i, mapping.reference());
    const auto [first, is_new] = seen.emplace(mapping.target(), i);
    if (!is_new) {
      check.Wrong(MappingPath(i, "target"),
                  StrCat("got ", mapping.target(), ", which fields[", first->second, "] writes already"));
    }
  }
}

void CheckTypes(SyncCheck& check, const v1::CompiledSync& compiled) {
  for (const v1::CompiledField& field : compiled.fields()) {
    if (field.source().empty() || field.is_reference() || field.has_file()) continue;
    const int index = IndexOf(check.sync, field);
    // One complaint a mapping.
    if (index >= 0 && check.IsWrongAt(MappingPath(index, ""))) continue;
    const value::Convertibility can = value::CanConvert(field.source_field(), field.target_field());
    if (!can.possible) check.Wrong(MappingPath(index, "source"), can.reason);
  }
}

void CheckRequired(SyncCheck& check) {
  const std::vector<MappedField> mapped =
      MappedFields(check.configuration, check.sync, *check.source.model, *check.target.model);
  if (mapped.empty() && check.IsWrongAt("sync.fields")) return;
  for (const v1::ModelField& wanted : check.target.model->fields()) {
    const bool is_written = std::any_of(mapped.begin(), mapped.end(), [&](const MappedField& field) {
      return field.target == wanted.name();
    });
    if (!wanted.nullable() && !wanted.has_default() && !wanted.generated() && !is_written) {
      check.Wrong("sync.fields",
                  StrCat("got no mapping into ", wanted.name(), " of ", check.sync.target_model(),
                         ", which is NOT NULL without a default; map a field to it, or give it a default"));
    }
  }
}

void CheckCapture(SyncCheck& check) {
  const v1::Model* captured = check.source.model;
  if (captured->has_expansion())
    captured = check.configuration.FindModel(check.sync.source_platform(), captured->expansion().model());
  if (captured != nullptr && check.source.platform->capture_mode() == v1::CAPTURE_MODE_REPLICATION &&
      !captured->capture_obstacle().empty()) {
    check.refusals.push_back(
        ModelCannotBeCaptured(check.sync.source_platform(), captured->model(), captured->capture_obstacle()));
  }
}

void CheckOtherSyncs(SyncCheck& check) {
  const std::vector<MappedField> mapped =
      MappedFields(check.configuration, check.sync, *check.source.model, *check.target.model);
  for (const v1::Sync* const one :
       check.configuration.SyncsBetween(check.sync.source_platform(), check.sync.target_platform())) {
    const v1::Sync& other = *one;
    if (other.name() == check.sync.name() || !JoinsTheSameModels(other, check.sync)) continue;
    for (const MappedField& theirs :
         MappedFields(check.configuration, other, *check.source.model, *check.target.model)) {
      for (const MappedField& ours : mapped) {
        if (ours.target != theirs.target) continue;
        check.refusals.push_back(
            FieldWrittenTwice(MappingPath(ours.index, "target"), ours.target,
                              absl::string_view(other.name()).substr(absl::string_view("syncs/").size())));
      }
    }
  }
  // A way that the others do not have leads through this sync, and ends where nothing leads on from its
  // target.
  const bool leads_on = absl::c_any_of(check.configuration.syncs, [&](const auto& other) {
    return other.second.source_platform() == check.sync.target_platform() &&
           other.second.source_model() == check.sync.target_model();
  });
  const std::string way = leads_on ? FindMappingCycle(check.configuration) : "";
  if (!way.empty()) check.refusals.push_back(MappingCycle("sync.fields", way));
}

void CheckStatus(SyncCheck& check) {
  const v1::SyncStatus status = check.sync.status();
  if (status == v1::SYNC_STATUS_ACTIVE || status == v1::SYNC_STATUS_PAUSED) return;
  check.Wrong("sync.status", StrCat("got ", static_cast<int>(status), ", want one of SyncStatus"));
}

void CheckConflictPolicy(SyncCheck& check, const std::string& path, v1::ConflictPolicy policy) {
  if (v1::ConflictPolicy_IsValid(policy)) return;
  check.Wrong(path, StrCat("got ", static_cast<int>(policy), ", want one of ConflictPolicy"));
}

void CheckConflictPolicies(SyncCheck& check) {
  CheckConflictPolicy(check, "sync.conflict_policy", check.sync.conflict_policy());
  for (int i = 0; i < check.sync.fields_size(); ++i) {
    CheckConflictPolicy(check, MappingPath(i, "conflict_policy"), check.sync.fields(i).conflict_policy());
  }
}

// What both models alone decide; false where the chain is wrong, so that nothing behind it is known.
bool CheckBothModels(SyncCheck& check, v1::CompiledSync* compiled) {
  CheckMappings(check);
  CheckLeaving(check);
  CheckActingIdentity(check);
  CheckIds(check);
  CheckConflictPolicies(check);
  CheckSchedule(check);
  CheckMirror(check);
  CheckCapture(check);
  const bool is_chain_right = check.record.violations.empty();
  if (is_chain_right || !check.sync.all_fields()) CheckRequired(check);
  if (!is_chain_right) return false;
  CheckContact(check);
  CheckFileRules(check);
  *compiled = CompileSync(check.configuration, check.sync);
  CheckTypes(check, *compiled);
  return true;
}

void CheckBothSides(SyncCheck& check) {
  const v1::Sync& sync = check.sync;
  CheckSide(check, check.source, sync.source_platform(), sync.source_model());
  CheckSide(check, check.target, sync.target_platform(), sync.target_model());
  if (sync.source_platform() == sync.target_platform()) {
    check.Wrong("sync.target_platform",
                StrCat("got ", sync.target_platform(), ", want another platform than the source's"));
  }
  CheckTarget(check);
  CheckExpanded(check);
  if (check.source.model != nullptr) CheckScope(check);
}

}  // namespace

std::string WhyBroken(const Configuration& configuration, const v1::Sync& sync) {
  SyncCheck check = {.configuration = configuration,
                     .sync = sync,
                     .record = {},
                     .violations = {},
                     .refusals = {},
                     .warnings = {}};
  CheckBothSides(check);
  v1::CompiledSync compiled;
  if (check.KnowsModels()) CheckBothModels(check, &compiled);
  std::vector<std::string> why;
  for (const FieldViolation& wrong : check.violations)
    why.push_back(StrCat(wrong.field, ": ", wrong.description));
  for (const absl::Status& refusal : check.refusals) why.emplace_back(refusal.message());
  constexpr size_t kShown = 10;
  if (why.size() > kShown) {
    const size_t more = why.size() - kShown;
    why.resize(kShown);
    why.push_back(StrCat("and ", more, " more"));
  }
  return absl::StrJoin(why, "; ");
}

SyncJudgement JudgeSync(const Configuration& configuration, v1::Sync& sync) {
  SyncCheck check = {.configuration = configuration,
                     .sync = sync,
                     .record = {},
                     .violations = {},
                     .refusals = {},
                     .warnings = {}};
  if (const absl::Status name = ParseSyncName(sync.name(), "sync.name").status(); !name.ok()) {
    for (FieldViolation& violation : Violations(name)) check.violations.push_back(std::move(violation));
  }
  CheckStatus(check);
  if (sync.max_leaving_percent() < 0 || sync.max_leaving_percent() > 100) {
    check.Wrong("sync.max_leaving_percent",
                StrCat("got ", sync.max_leaving_percent(), ", want 1 to 100, or nothing for 20"));
  }
  CheckBothSides(check);
  if (check.KnowsModels()) {
    v1::CompiledSync compiled;
    if (CheckBothModels(check, &compiled)) {
      CheckOtherSyncs(check);
      CheckIntervals(check);
      FindRisks(check, compiled);
    }
    sync.set_title(Title(configuration, sync, *check.source.model, *check.target.model));
  }
  return {std::move(check.violations), std::move(check.refusals), std::move(check.warnings)};
}

absl::Status SyncJudgement::ToStatus() const {
  if (!violations.empty()) return InvalidFields(violations);
  return refusals.empty() ? absl::OkStatus() : refusals[0];
}

absl::Status CheckSync(const Configuration& configuration, v1::Sync& sync,
                       std::vector<std::string>* warnings) {
  const SyncJudgement judgement = JudgeSync(configuration, sync);
  for (const SyncWarning& warning : judgement.warnings) warnings->push_back(warning.message);
  return judgement.ToStatus();
}

}  // namespace cognate::platform_registry
