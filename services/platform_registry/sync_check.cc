#include "services/platform_registry/sync_check.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/value/convert.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/mapping_cycle.h"
#include "services/platform_registry/rules.h"
#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

std::string MappingPath(int index, absl::string_view part) {
  return index < 0 ? "sync.all_fields" : StrCat("sync.fields[", index, "].", part);
}

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
               check.sync.transforms().empty() ? ": " : " after its transforms: ", FieldNames(check.record)));
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
    CheckSourceField(check, i, mapping);
    CheckTargetField(check, i, mapping);
    if (mapping.has_reference()) CheckReference(check, i, mapping.reference());
    const auto [first, is_new] = seen.emplace(mapping.target(), i);
    if (!is_new) {
      check.Wrong(MappingPath(i, "target"),
                  StrCat("got ", mapping.target(), ", which fields[", first->second, "] writes already"));
    }
  }
}

// Where the compiled field came from, for its path.
int IndexOf(const v1::Sync& sync, const v1::CompiledField& field) {
  for (int i = 0; i < sync.fields_size(); ++i) {
    if (sync.fields(i).target() == field.target()) return i;
  }
  return -1;
}

void CheckReferenceField(SyncCheck& check, const v1::CompiledField& field) {
  if (field.reference_target_model().empty()) {
    check.warnings->push_back(
        StrCat(field.target(), ": neither a foreign key of the target nor exactly one sync says where ",
               field.reference_source_model(), " goes on ", check.sync.target_platform(),
               "; deliveries wait until one does, or until reference.target_model is set"));
  } else if (std::none_of(check.configuration.syncs.begin(), check.configuration.syncs.end(),
                          [&](const v1::Sync& other) {
                            return other.source_platform() == check.sync.source_platform() &&
                                   other.source_model() == field.reference_source_model() &&
                                   other.target_platform() == check.sync.target_platform() &&
                                   other.target_model() == field.reference_target_model();
                          })) {
    check.warnings->push_back(StrCat(field.target(), ": no sync brings ", field.reference_source_model(),
                                     " to ", field.reference_target_model(), " on ",
                                     check.sync.target_platform(), " yet; records that refer there wait"));
  }
}

void CheckPlainField(SyncCheck& check, const v1::CompiledField& field) {
  const value::Convertibility can = value::CanConvert(field.source_field(), field.target_field());
  if (!can.possible) {
    check.Wrong(MappingPath(IndexOf(check.sync, field), "source"), can.reason);
  } else if (!can.warning.empty()) {
    check.warnings->push_back(can.warning);
  }
  const v1::ForeignKey* key = FindForeignKey(*check.target.model, field.target());
  if (key != nullptr && (check.record.Find(field.source())->is_written ||
                         FindForeignKey(*check.source.model, field.source()) == nullptr)) {
    check.warnings->push_back(StrCat(
        field.target(), " refers to ", key->model(), " on the target, but nothing says that ", field.source(),
        " refers to a record on the source: its values go as they are; declare `reference` "
        "if they are ids"));
  }
}

void CheckCompiled(SyncCheck& check) {
  const v1::CompiledSync compiled = CompileSync(check.configuration, check.sync);
  for (const v1::CompiledField& field : compiled.fields()) {
    if (field.source().empty()) continue;
    field.is_reference() ? CheckReferenceField(check, field) : CheckPlainField(check, field);
    if (field.source_field().nullable() && !field.target_field().nullable()) {
      check.warnings->push_back(StrCat(field.target(), " takes no NULL, but ", field.source(),
                                       " may be NULL: such records are refused"));
    }
  }
  for (const v1::ModelField& wanted : check.target.model->fields()) {
    const bool is_written =
        std::any_of(compiled.fields().begin(), compiled.fields().end(),
                    [&](const v1::CompiledField& field) { return field.target() == wanted.name(); });
    if (!wanted.nullable() && !wanted.has_default() && !wanted.generated() && !is_written) {
      check.Wrong("sync.fields",
                  StrCat("got no mapping into ", wanted.name(), " of ", check.sync.target_model(),
                         ", which is NOT NULL without a default; map a field to it, or give it a default"));
    }
  }
}

absl::Status CheckCapture(const SyncCheck& check) {
  const v1::Platform& platform = *check.source.platform;
  if (platform.capture_mode() == v1::CAPTURE_MODE_NONE) {
    check.warnings->push_back(
        StrCat(check.sync.source_platform(),
               " captures nothing (its capture_mode is NONE): this sync will have nothing to do"));
  }
  if (platform.capture_mode() == v1::CAPTURE_MODE_REPLICATION &&
      !check.source.model->capture_obstacle().empty()) {
    return ModelCannotBeCaptured(check.sync.source_platform(), check.sync.source_model(),
                                 check.source.model->capture_obstacle());
  }
  return absl::OkStatus();
}

absl::Status CheckOtherSyncs(const SyncCheck& check) {
  const std::vector<MappedField> mapped = MappedFields(check.sync, *check.source.model, *check.target.model);
  for (const v1::Sync& other : check.configuration.syncs) {
    if (other.name() == check.sync.name() || other.source_platform() != check.sync.source_platform() ||
        other.source_model() != check.sync.source_model() ||
        other.target_platform() != check.sync.target_platform() ||
        other.target_model() != check.sync.target_model()) {
      continue;
    }
    for (const MappedField& theirs : MappedFields(other, *check.source.model, *check.target.model)) {
      for (const MappedField& ours : mapped) {
        if (ours.target != theirs.target) continue;
        return FieldWrittenTwice(MappingPath(ours.index, "target"), ours.target,
                                 absl::string_view(other.name()).substr(absl::string_view("syncs/").size()));
      }
    }
  }
  const std::string way = FindMappingCycle(check.configuration);
  return way.empty() ? absl::OkStatus() : MappingCycle("sync.fields", way);
}

}  // namespace

absl::Status CheckSync(const Configuration& configuration, v1::Sync& sync,
                       std::vector<std::string>* warnings) {
  SyncCheck check = {
      .configuration = configuration, .sync = sync, .record = {}, .violations = {}, .warnings = warnings};
  CheckSide(check, check.source, sync.source_platform(), sync.source_model());
  CheckSide(check, check.target, sync.target_platform(), sync.target_model());
  if (sync.source_platform() == sync.target_platform()) {
    check.Wrong("sync.target_platform",
                StrCat("got ", sync.target_platform(), ", want another platform than the source's"));
  }
  CheckTarget(check);
  if (check.source.model != nullptr) CheckScope(check);
  if (!check.violations.empty()) return InvalidFields(check.violations);
  CheckMappings(check);
  CheckLeaving(check);
  if (!check.violations.empty()) return InvalidFields(check.violations);
  CheckCompiled(check);
  if (!check.violations.empty()) return InvalidFields(check.violations);
  RETURN_IF_ERROR(CheckCapture(check));
  RETURN_IF_ERROR(CheckOtherSyncs(check));
  sync.set_title(Title(sync, *check.source.model, *check.target.model));
  return absl::OkStatus();
}

}  // namespace cognate::platform_registry
