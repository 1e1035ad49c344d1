#include "services/platform_registry/contact_check.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr int kMaxKeys = 10;
constexpr int kMaxIds = 10'000;

bool Holds(const google::protobuf::RepeatedPtrField<std::string>& fields, absl::string_view field) {
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

// Unique by itself, or with others.
bool IsInUnique(const v1::Model& model, absl::string_view field) {
  return Holds(model.key_fields(), field) ||
         std::any_of(model.uniques().begin(), model.uniques().end(),
                     [&](const v1::UniqueConstraint& unique) { return Holds(unique.fields(), field); });
}

// All of a unique set: then at most one record matches.
bool CoversUnique(const v1::Model& model, const v1::NaturalKey& key) {
  const std::set<std::string> fields(key.fields().begin(), key.fields().end());
  const auto covers = [&](const google::protobuf::RepeatedPtrField<std::string>& unique) {
    return !unique.empty() && std::all_of(unique.begin(), unique.end(),
                                          [&](const std::string& field) { return fields.count(field) > 0; });
  };
  return covers(model.key_fields()) ||
         std::any_of(model.uniques().begin(), model.uniques().end(),
                     [&](const v1::UniqueConstraint& unique) { return covers(unique.fields()); });
}

bool IsText(const v1::Model& model, absl::string_view field) {
  const v1::ModelField* const known = FindField(model, field);
  return known != nullptr && known->type() == v1::FIELD_TYPE_TEXT;
}

std::string Written(const std::vector<MappedField>& mapped) {
  return absl::StrJoin(
      mapped, ", ", [](std::string* out, const MappedField& field) { absl::StrAppend(out, field.target); });
}

void CheckKey(SyncCheck& check, int index, const std::vector<MappedField>& mapped) {
  const v1::NaturalKey& key = check.sync.natural_keys(index);
  const std::string path = StrCat("sync.natural_keys[", index, "].fields");
  if (key.fields().empty()) check.Wrong(path, "got none, want the target fields that make the key");
  std::set<std::string> seen;
  for (int i = 0; i < key.fields_size(); ++i) {
    const std::string& field = key.fields(i);
    const bool is_written = std::any_of(mapped.begin(), mapped.end(),
                                        [&](const MappedField& one) { return one.target == field; });
    const v1::ModelField* const known = FindField(*check.target.model, field);
    const std::string at = StrCat(path, "[", i, "]");
    if (!is_written) {
      check.Wrong(at, StrCat("got \"", field, "\", want a field of ", check.sync.target_model(),
                             " that the sync writes: ", Written(mapped)));
    } else if (known != nullptr && known->type() == v1::FIELD_TYPE_JSON) {
      check.Wrong(at, StrCat("got ", field, ", which is JSON, want a field that can be compared"));
    } else if (!seen.insert(field).second) {
      check.Wrong(at, StrCat("got ", field, " twice, want each field once"));
    }
  }
  const bool renames = check.sync.if_exists() == v1::EXISTS_ACTION_RENAME;
  const bool has_text = std::any_of(key.fields().begin(), key.fields().end(), [&](const std::string& field) {
    return IsText(*check.target.model, field);
  });
  if (renames && !has_text && !key.fields().empty()) {
    check.Wrong(path, StrCat("got ", absl::StrJoin(key.fields(), ", "),
                             ", want one that is text: if_exists: RENAME puts a suffix on it"));
  }
}

void CheckKeys(SyncCheck& check, const std::vector<MappedField>& mapped) {
  const v1::Sync& sync = check.sync;
  if (sync.natural_keys_size() > kMaxKeys) {
    check.Wrong("sync.natural_keys", StrCat("got ", sync.natural_keys_size(), ", want at most ", kMaxKeys));
    return;
  }
  for (int i = 0; i < sync.natural_keys_size(); ++i) CheckKey(check, i, mapped);
  if (!v1::ExistsAction_IsValid(sync.if_exists())) {
    check.Wrong("sync.if_exists",
                StrCat("got ", static_cast<int>(sync.if_exists()), ", want one of ExistsAction"));
  } else if (sync.if_exists() != v1::EXISTS_ACTION_UNSPECIFIED && sync.natural_keys().empty()) {
    check.Wrong("sync.if_exists",
                StrCat("got ", v1::ExistsAction_Name(sync.if_exists()),
                       ", but no natural key says when a record is there already; add natural_keys"));
  }
}

bool IsNaturalKey(const v1::Sync& sync, absl::string_view field) {
  return std::any_of(sync.natural_keys().begin(), sync.natural_keys().end(),
                     [&](const v1::NaturalKey& key) { return Holds(key.fields(), field); });
}

void CheckCollision(SyncCheck& check, int index, const v1::FieldMapping& mapping) {
  const std::string path = MappingPath(index, "on_collision");
  const v1::CollisionAction action = mapping.on_collision();
  if (!v1::CollisionAction_IsValid(action)) {
    check.Wrong(path, StrCat("got ", static_cast<int>(action), ", want one of CollisionAction"));
  } else if (action == v1::COLLISION_ACTION_UNSPECIFIED || action == v1::COLLISION_ACTION_ERROR) {
    return;
  } else if (!IsInUnique(*check.target.model, mapping.target())) {
    check.Wrong(path,
                StrCat("got ", v1::CollisionAction_Name(action), ", but ", mapping.target(), " of ",
                       check.sync.target_model(), " is in no unique constraint: nothing collides there"));
  } else if (action == v1::COLLISION_ACTION_SUFFIX && !IsText(*check.target.model, mapping.target())) {
    check.Wrong(path, StrCat("got ", v1::CollisionAction_Name(action), ", but ", mapping.target(),
                             " is not text: it takes no suffix"));
  }
}

void CheckMissingOnly(SyncCheck& check, int index, const v1::FieldMapping& mapping) {
  if (!mapping.missing_only()) return;
  const std::string path = MappingPath(index, "missing_only");
  if (IsKeyField(*check.target.model, mapping.target()) || IsNaturalKey(check.sync, mapping.target())) {
    check.Wrong(path, StrCat("got true, but ", mapping.target(),
                             " is a key: what tells records apart is the same on both sides"));
  } else if (mapping.on_collision() == v1::COLLISION_ACTION_SUFFIX) {
    check.Wrong(path, "got true beside on_collision: SUFFIX, want one of the two");
  }
}

void CheckIdList(SyncCheck& check, const std::string& path,
                 const google::protobuf::RepeatedPtrField<std::string>& ids) {
  if (ids.size() > kMaxIds)
    return check.Wrong(path, StrCat("got ", ids.size(), " ids, want at most ", kMaxIds, "; use a filter"));
  absl::flat_hash_set<std::string> seen;
  for (int i = 0; i < ids.size(); ++i) {
    if (ids[i].empty())
      check.Wrong(StrCat(path, "[", i, "]"), "got nothing, want the source's id of a record");
    if (!seen.insert(ids[i]).second) check.Wrong(StrCat(path, "[", i, "]"), StrCat("got ", ids[i], " twice"));
  }
}

}  // namespace

void CheckContact(SyncCheck& check) {
  const std::vector<MappedField> mapped =
      MappedFields(check.configuration, check.sync, *check.source.model, *check.target.model);
  CheckKeys(check, mapped);
  for (int i = 0; i < check.sync.fields_size(); ++i) {
    if (FindField(*check.target.model, check.sync.fields(i).target()) == nullptr) continue;
    CheckCollision(check, i, check.sync.fields(i));
    CheckMissingOnly(check, i, check.sync.fields(i));
  }
}

void CheckIds(SyncCheck& check) {
  CheckIdList(check, "sync.sync_ids", check.sync.sync_ids());
  CheckIdList(check, "sync.ignore_ids", check.sync.ignore_ids());
}

void FindContactRisks(SyncCheck& check) {
  const v1::Sync& sync = check.sync;
  for (int i = 0; i < sync.natural_keys_size(); ++i) {
    const std::string path = StrCat("sync.natural_keys[", i, "].fields");
    const v1::NaturalKey& key = sync.natural_keys(i);
    if (check.IsWrongAt(path) || CoversUnique(*check.target.model, key)) continue;
    check.Warn(
        path, "NATURAL_KEY_NOT_UNIQUE",
        StrCat("no unique constraint of ", sync.target_model(), " covers ", absl::StrJoin(key.fields(), ", "),
               ": two records may match, which is a conflict for a person; a writer of the target may "
               "make a second one at the very moment; and unless an index begins with one of them, each "
               "batch reads the whole table"));
  }
  absl::flat_hash_set<std::string> ignored(sync.ignore_ids().begin(), sync.ignore_ids().end());
  for (int i = 0; i < sync.sync_ids_size(); ++i) {
    if (!ignored.contains(sync.sync_ids(i))) continue;
    check.Warn(StrCat("sync.sync_ids[", i, "]"), "ID_IGNORED",
               StrCat(sync.sync_ids(i), " is in ignore_ids, too: it stays out of scope"));
  }
  for (const v1::Sync* const one :
       check.configuration.SyncsBetween(check.sync.source_platform(), check.sync.target_platform())) {
    const v1::Sync& other = *one;
    if (other.name() == sync.name() || !JoinsTheSameModels(other, sync)) continue;
    if (other.natural_keys().empty() || sync.natural_keys().empty()) continue;
    check.Warn("sync.natural_keys", "NATURAL_KEYS_TWICE",
               StrCat(other.name(), " joins the same two models and has natural keys, too: those of ",
                      std::min(other.name(), sync.name()), " count, with its if_exists"));
  }
}

}  // namespace cognate::platform_registry
