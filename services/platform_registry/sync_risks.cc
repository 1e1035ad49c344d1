#include "services/platform_registry/sync_risks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/value/convert.h"
#include "services/platform_registry/chain_risks.h"
#include "services/platform_registry/conflict_risks.h"
#include "services/platform_registry/contact_check.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

bool IsBrought(const SyncCheck& check, const std::string& source_model, const std::string& target_model) {
  return absl::c_any_of(
      check.configuration.SyncsBetween(check.sync.source_platform(), check.sync.target_platform()),
      [&](const v1::Sync* other) {
        return other->source_model() == source_model && other->target_model() == target_model;
      });
}

void FindReferenceRisks(SyncCheck& check, const std::string& path, const v1::CompiledField& field) {
  if (field.reference_target_model().empty()) {
    check.Warn(
        path, "REFERENCE_TARGET_UNKNOWN",
        StrCat(field.target(), ": neither a foreign key of the target nor exactly one sync says where ",
               field.reference_source_model(), " goes on ", check.sync.target_platform(),
               "; deliveries wait until one does, or until reference.target_model is set"));
  } else if (!IsBrought(check, field.reference_source_model(), field.reference_target_model())) {
    check.Warn(path, "REFERENCE_NOT_BROUGHT",
               StrCat(field.target(), ": no sync brings ", field.reference_source_model(), " to ",
                      field.reference_target_model(), " on ", check.sync.target_platform(),
                      " yet; records that refer there wait"));
  }
}

void FindUndeclaredReference(SyncCheck& check, const std::string& path, const v1::CompiledField& field) {
  const v1::ForeignKey* const theirs = FindForeignKey(*check.target.model, field.target());
  const bool is_written = check.record.Find(field.source())->is_written;
  const v1::ForeignKey* const ours =
      is_written ? nullptr : FindForeignKey(*check.source.model, field.source());
  if (theirs != nullptr && ours == nullptr) {
    check.Warn(path, "REFERENCE_NOT_DECLARED",
               StrCat(field.target(), " refers to ", theirs->model(),
                      " on the target, but nothing says that ", field.source(),
                      " refers to a record on the source: its values go as they are; declare `reference` if "
                      "they are ids"));
  } else if (theirs == nullptr && ours != nullptr && ours->referenced_fields_size() == 1) {
    const v1::Model* const referenced =
        check.configuration.FindModel(check.sync.source_platform(), ours->model());
    if (referenced == nullptr || !IsKeyField(*referenced, ours->referenced_fields(0))) return;
    check.Warn(path, "REFERENCE_NOT_BROUGHT",
               StrCat(field.source(), " refers to ", ours->model(), ", which no sync brings to ",
                      check.sync.target_platform(), ": the source's ids go as they are"));
  }
}

// The labels that the source may send and the target lacks.
std::vector<std::string> MissingLabels(const v1::ModelField& from, const v1::ModelField& to) {
  std::vector<std::string> missing;
  if (to.type() != v1::FIELD_TYPE_ENUM || to.enum_labels().empty()) return missing;
  for (const std::string& label : from.enum_labels()) {
    if (std::find(to.enum_labels().begin(), to.enum_labels().end(), label) == to.enum_labels().end())
      missing.push_back(label);
  }
  return missing;
}

void FindConversionRisks(SyncCheck& check, const std::string& path, const v1::CompiledField& field) {
  v1::ModelField from = field.source_field();
  from.set_nullable(false);  // NULL is told apart from the values.
  const v1::ModelField& to = field.target_field();
  if (const std::vector<std::string> missing = MissingLabels(from, to); !missing.empty()) {
    check.Warn(
        path, "ENUM_LABELS_MISSING",
        StrCat(field.target(), " has no label ", absl::StrJoin(missing, ", "), ", which ", field.source(),
               " may hold: such records are refused; add the labels, or a look_up step"));
    return;
  }
  const value::Convertibility can = value::CanConvert(from, to);
  if (!can.possible || can.warning.empty()) return;
  check.Warn(path, from.type() == v1::FIELD_TYPE_UNSPECIFIED ? "TYPE_UNKNOWN" : "MAY_NOT_FIT", can.warning);
}

// Where a time changes between having a zone and having none.
void FindTimeZoneRisks(SyncCheck& check, const std::string& path, const v1::CompiledField& field) {
  const v1::FieldType from = field.source_field().type(), to = field.target_field().type();
  if (to != v1::FIELD_TYPE_TIMESTAMP && to != v1::FIELD_TYPE_LOCAL_TIMESTAMP) return;
  std::string what;
  if (from == v1::FIELD_TYPE_LOCAL_TIMESTAMP && to == v1::FIELD_TYPE_TIMESTAMP)
    what = "has no time zone and is taken as UTC";
  if (from == v1::FIELD_TYPE_TIMESTAMP && to == v1::FIELD_TYPE_LOCAL_TIMESTAMP)
    what = StrCat("is written into ", field.target(), " as the time in UTC, without its zone");
  if (from == v1::FIELD_TYPE_TEXT) what = "is read as UTC where a text names no zone";
  if (from == v1::FIELD_TYPE_DATE) what = "becomes midnight in UTC";
  if (what.empty()) return;
  check.Warn(path, "TIME_ZONE_ASSUMED",
             StrCat(field.source(), " ", what, "; a change_time step says another zone"));
}

// Unique by itself.
bool IsUnique(const v1::Model& model, absl::string_view field) {
  if (model.key_fields_size() == 1 && model.key_fields(0) == field) return true;
  return std::any_of(model.uniques().begin(), model.uniques().end(), [&](const v1::UniqueConstraint& unique) {
    return unique.fields_size() == 1 && unique.fields(0) == field;
  });
}

void FindUniquenessRisks(SyncCheck& check, const std::string& path, const v1::CompiledField& field) {
  if (!IsUnique(*check.target.model, field.target())) return;
  const ChainField* const from = check.record.Find(field.source());
  if (!from->is_written && IsUnique(*check.source.model, field.source())) return;
  check.Warn(
      path, "NOT_UNIQUE",
      StrCat(field.target(), " is unique on the target, but nothing keeps two records from having the same ",
             field.source(), ": the second one is refused"));
}

bool HasFiles(const SyncSide& side) {
  return side.platform->has_files() || side.platform->channel() == v1::CHANNEL_AGENT;
}

// Asked only where files could travel: elsewhere a path is a text like any other.
void FindFileLeftBehind(SyncCheck& check, const std::string& path, const v1::CompiledField& field) {
  if (!HasFiles(check.source) || !HasFiles(check.target)) return;
  const auto& files = check.source.model->file_fields();
  const bool is_file = std::any_of(files.begin(), files.end(), [&](const v1::FileField& file) {
    return file.kind() == v1::FILE_KIND_NATIVE && file.field() == field.source();
  });
  if (!is_file) return;
  check.Warn(path, "FILE_LEFT_BEHIND",
             StrCat(field.source(), " leads to a file by its name, and its text goes as it is: add `file` (",
                    "`--file ", field.source(), "=DIRECTORY`) if the file is to travel, too"));
}

void FindFieldRisks(SyncCheck& check, const v1::CompiledField& field) {
  const int index = IndexOf(check.sync, field);
  if (index >= 0 && check.IsWrongAt(MappingPath(index, ""))) return;
  const std::string path = MappingPath(index, "source");
  if (field.is_reference()) {
    FindReferenceRisks(check, path, field);
  } else if (!field.has_file()) {
    FindConversionRisks(check, path, field);
    FindUndeclaredReference(check, path, field);
    FindTimeZoneRisks(check, path, field);
    FindFileLeftBehind(check, path, field);
  }
  FindUniquenessRisks(check, path, field);
  if (field.source_field().nullable() && !field.target_field().nullable()) {
    check.Warn(path, "NULL_INTO_NOT_NULL",
               StrCat(field.target(), " takes no NULL, but ", field.source(),
                      check.record.Find(field.source())->is_written
                          ? " may be NULL or left out after the steps: such records are refused"
                          : " may be NULL: such records are refused"));
  }
}

void FindScopeRisks(SyncCheck& check) {
  const v1::Sync& sync = check.sync;
  bool has_script = false;
  for (int i = 0; i < sync.transforms_size(); ++i) {
    if (!sync.transforms(i).has_script()) continue;
    has_script = true;
    if (sync.transforms(i).script().writes().empty()) {
      check.Warn(StrCat("sync.transforms[", i, "].script.writes"), "SCRIPT_WRITES_NOTHING",
                 "the script declares no field that it writes: it can only skip and reject records");
    }
  }
  const bool has_lists = !sync.sync_ids().empty() || !sync.ignore_ids().empty();
  if (sync.has_leave() && sync.filter().empty() && !has_lists && !has_script) {
    check.Warn(
        "sync.leave", "NOTHING_LEAVES",
        "without a filter no record leaves the scope: this policy never acts; on_delete is for records "
        "that are deleted");
  }
  for (const v1::Sync* const one :
       check.configuration.SyncsBetween(check.sync.source_platform(), check.sync.target_platform())) {
    const v1::Sync& other = *one;
    if (other.name() == sync.name() || !JoinsTheSameModels(other, sync)) continue;
    if (IsSamePolicy(other.leave(), sync.leave()) && IsSamePolicy(other.on_delete(), sync.on_delete()))
      continue;
    check.Warn("sync.leave", "LEAVE_POLICIES_DIFFER",
               StrCat(other.name(), " joins the same two models and has other leave policies: ",
                      std::min(other.name(), sync.name()), " decides"));
  }
}

}  // namespace

void FindRisks(SyncCheck& check, const v1::CompiledSync& compiled) {
  if (check.sync.status() == v1::SYNC_STATUS_PAUSED) {
    check.Warn("sync.status", "SYNC_PAUSED",
               "the sync is paused: nothing is planned for it until it is active again and a backfill runs");
  }
  if (check.source.platform->capture_mode() == v1::CAPTURE_MODE_NONE) {
    check.Warn(check.source.platform_path, "NOTHING_CAPTURED",
               StrCat(check.sync.source_platform(),
                      " captures nothing (its capture_mode is NONE): this sync will have nothing to do"));
  }
  for (const v1::CompiledField& field : compiled.fields()) {
    if (!field.source().empty()) FindFieldRisks(check, field);
  }
  FindScopeRisks(check);
  FindContactRisks(check);
  FindConflictRisks(check);
  FindChainRisks(check);
}

}  // namespace cognate::platform_registry
