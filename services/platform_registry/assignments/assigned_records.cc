#include "services/platform_registry/assignments/assigned_records.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/ledger/ledger_transaction.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr size_t kMaxLocalIdBytes = 512;

// Of one model; `places` are those of the records.
absl::Status FindGroup(const AssignmentParts& parts, const std::string& platform, const std::string& model,
                       absl::Span<const v1::RecordKey* const> records, const std::vector<size_t>& places,
                       bool create, std::vector<Uuid>* entities) {
  ASSIGN_OR_RETURN(const v1::Model known, parts.models.Get(platform, model));
  if (create && !known.assignable()) return ModelNotAssignable(platform, model);
  ASSIGN_OR_RETURN(const ModelId id, parts.ids.Find(platform, model));
  v1::ResolveGroup group;
  group.set_create(create);
  for (const size_t place : places) {
    group.add_local_ids(records[place]->local_id());
    group.add_versions(kLiving);  // one that has ended is not meant: its local id is free for another
  }
  v1::ResolvedGroup resolved;
  int64_t rules_revision = 0;
  RETURN_IF_ERROR(parts.identities.Resolve(id, std::nullopt, group, &resolved, &rules_revision));
  for (size_t i = 0; i < places.size(); ++i) {
    const std::string& bytes = resolved.entity_ids(static_cast<int>(i));
    if (bytes.empty()) continue;
    ASSIGN_OR_RETURN((*entities)[places[i]], Uuid::FromBytes(bytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRecordKey(const std::string& path, const v1::RecordKey& record) {
  if (record.platform().empty())
    return InvalidField(StrCat(path, ".platform"), "got nothing, want the platform's id, such as atlas");
  if (record.model().empty())
    return InvalidField(StrCat(path, ".model"), "got nothing, want a model, such as public.country");
  const std::string& id = record.local_id();
  if (id.empty() || id.size() > kMaxLocalIdBytes || id.find('\0') != std::string::npos) {
    return InvalidField(StrCat(path, ".local_id"),
                        StrCat("got ",
                               id.empty()                     ? "nothing"
                               : id.size() > kMaxLocalIdBytes ? StrCat(id.size(), " bytes")
                                                              : "a NUL byte",
                               ", want the platform's own id of the record, at most 512 bytes"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Uuid>> FindEntities(const AssignmentParts& parts,
                                               absl::Span<const v1::RecordKey* const> records, bool create) {
  std::map<std::pair<std::string, std::string>, std::vector<size_t>> groups;
  for (size_t i = 0; i < records.size(); ++i) {
    groups[{records[i]->platform(), records[i]->model()}].push_back(i);
  }
  std::vector<Uuid> entities(records.size());
  for (const auto& [names, places] : groups) {
    RETURN_IF_ERROR(FindGroup(parts, names.first, names.second, records, places, create, &entities));
  }
  return entities;
}

void Describe(const Uuid& entity, const StoredAssignments& stored, const PlatformTable& platforms,
              v1::RecordAssignments* assignments) {
  assignments->set_revision(stored.revision);
  if (entity.IsNil()) return;
  assignments->set_entity_id(entity.ToString());
  for (std::string& name : platforms.Names(stored.platforms)) assignments->add_platforms(std::move(name));
  for (std::string& name : platforms.Names(stored.homes)) assignments->add_home_platforms(std::move(name));
  if (stored.revision > 0) *assignments->mutable_update_time() = ToTimestamp(stored.update_time);
}

}  // namespace cognate::platform_registry
