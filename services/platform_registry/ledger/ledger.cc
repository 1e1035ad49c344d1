#include "services/platform_registry/ledger/ledger.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr int kMaxRecords = 10'000;
constexpr int kMaxEntities = 1'000;  // each has a replica a model, so that an answer stays in its limit
constexpr int kDefaultPending = 1'000;

std::string GroupPath(absl::string_view list, int index) { return StrCat(list, "[", index, "]"); }

absl::Status CheckLength(const std::string& path, absl::string_view array, int length, int want) {
  if (length == want) return absl::OkStatus();
  return InvalidField(StrCat(path, ".", array),
                      StrCat("got ", length, " entries, want ", want, ", as the ids"));
}

absl::Status CheckPositive(const std::string& path,
                           const google::protobuf::RepeatedField<int64_t>& versions) {
  for (int i = 0; i < versions.size(); ++i) {
    if (versions[i] > 0) continue;
    return InvalidField(StrCat(path, ".versions[", i, "]"),
                        StrCat("got ", versions[i], ", want a version above 0"));
  }
  return absl::OkStatus();
}

absl::Status CheckCount(int count) {
  if (count <= kMaxRecords) return absl::OkStatus();
  return InvalidField("groups", StrCat("got ", count, " records in all, want at most ", kMaxRecords,
                                       ": send them in several calls"));
}

absl::Status CheckModel(const std::string& path, const std::string& platform, const std::string& model) {
  if (platform.empty()) return InvalidField(path + ".platform", "got nothing, want the platform's id");
  if (model.empty()) return InvalidField(path + ".model", "got nothing, want the model's name");
  return absl::OkStatus();
}

// PostgreSQL's text has no NUL bytes.
absl::Status CheckLocalIds(const std::string& path,
                           const google::protobuf::RepeatedPtrField<std::string>& ids, bool may_be_empty) {
  for (int i = 0; i < ids.size(); ++i) {
    if ((may_be_empty || !ids[i].empty()) && ids[i].find('\0') == std::string::npos) continue;
    return InvalidField(StrCat(path, ".local_ids[", i, "]"), ids[i].empty()
                                                                 ? "got nothing, want the platform's own id"
                                                                 : "got a NUL byte, want text without");
  }
  return absl::OkStatus();
}

absl::Status CheckResolveGroup(const std::string& path, const v1::ResolveGroup& group) {
  if (!group.entity_ids().empty()) {
    if (!group.local_ids().empty())
      return InvalidField(path, "got local_ids and entity_ids, want one of the two");
    const bool has_target = !group.target_platform().empty() && !group.target_model().empty();
    if (!has_target && !group.with_assignments()) {
      return InvalidField(path + ".target_model",
                          "got nothing, want target_platform and target_model with entity_ids");
    }
    for (int i = 0; i < group.entity_ids_size(); ++i) {
      if (group.entity_ids(i).size() == 16) continue;
      return InvalidField(StrCat(path, ".entity_ids[", i, "]"),
                          StrCat("got ", group.entity_ids(i).size(), " bytes, want the 16 of a UUID"));
    }
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckModel(path, group.platform(), group.model()));
  RETURN_IF_ERROR(CheckLocalIds(path, group.local_ids(), /*may_be_empty=*/false));
  if (!group.delivered_entity_ids().empty()) {
    RETURN_IF_ERROR(
        CheckLength(path, "delivered_entity_ids", group.delivered_entity_ids_size(), group.local_ids_size()));
  }
  if (group.versions().empty()) return absl::OkStatus();
  return CheckLength(path, "versions", group.versions_size(), group.local_ids_size());
}

absl::Status CheckPlanGroup(const std::string& path, const v1::PlanGroup& group) {
  RETURN_IF_ERROR(CheckModel(path, group.platform(), group.model()));
  RETURN_IF_ERROR(CheckLength(path, "versions", group.versions_size(), group.entity_ids_size()));
  RETURN_IF_ERROR(CheckLength(path, "deletes", group.deletes_size(), group.entity_ids_size()));
  if (!group.leaves().empty()) {
    RETURN_IF_ERROR(CheckLength(path, "leaves", group.leaves_size(), group.entity_ids_size()));
  }
  if (!group.fingerprints().empty()) {
    RETURN_IF_ERROR(CheckLength(path, "fingerprints", group.fingerprints_size(), group.entity_ids_size()));
  }
  if (!group.stays().empty()) {
    RETURN_IF_ERROR(CheckLength(path, "stays", group.stays_size(), group.entity_ids_size()));
  }
  return CheckPositive(path, group.versions());
}

absl::Status CheckHeld(const std::string& path, const v1::HeldGroup& group) {
  const int count = group.entity_ids_size();
  RETURN_IF_ERROR(CheckModel(path, group.platform(), group.model()));
  RETURN_IF_ERROR(CheckLength(path, "versions", group.versions_size(), count));
  RETURN_IF_ERROR(CheckLength(path, "fingerprints", group.fingerprints_size(), count));
  return CheckPositive(path, group.versions());
}

absl::Status CheckTombstones(const std::string& path, const v1::TombstoneGroup& group) {
  RETURN_IF_ERROR(CheckModel(path, group.platform(), group.model()));
  RETURN_IF_ERROR(CheckLength(path, "versions", group.versions_size(), group.entity_ids_size()));
  if (!group.delivered_local_ids().empty()) {
    RETURN_IF_ERROR(
        CheckLength(path, "delivered_local_ids", group.delivered_local_ids_size(), group.entity_ids_size()));
  }
  if (!group.local_ids().empty())
    RETURN_IF_ERROR(CheckLength(path, "local_ids", group.local_ids_size(), group.entity_ids_size()));
  return CheckPositive(path, group.versions());
}

absl::Status CheckSettleGroup(const std::string& path, const v1::SettleGroup& group) {
  const int count = group.entity_ids_size();
  RETURN_IF_ERROR(CheckModel(path, group.platform(), group.model()));
  RETURN_IF_ERROR(CheckLength(path, "versions", group.versions_size(), count));
  RETURN_IF_ERROR(CheckLength(path, "kinds", group.kinds_size(), count));
  RETURN_IF_ERROR(CheckLength(path, "local_ids", group.local_ids_size(), count));
  RETURN_IF_ERROR(CheckLength(path, "fingerprints", group.fingerprints_size(), count));
  RETURN_IF_ERROR(CheckLocalIds(path, group.local_ids(), /*may_be_empty=*/true));
  for (int i = 0; i < group.kinds_size(); ++i) {
    if (group.kinds(i) != v1::SETTLE_KIND_UNSPECIFIED && v1::SettleKind_IsValid(group.kinds(i))) continue;
    return InvalidField(StrCat(path, ".kinds[", i, "]"), "got none, want one of SettleKind");
  }
  return CheckPositive(path, group.versions());
}

// Counts and checks every group before anything is written.
template <typename Groups, typename Check>
absl::Status CheckGroups(absl::string_view list, const Groups& groups, Check check, int* count) {
  for (int i = 0; i < groups.size(); ++i) {
    *count += groups[i].entity_ids_size();
    RETURN_IF_ERROR(CheckCount(*count));
    RETURN_IF_ERROR(check(GroupPath(list, i), groups[i]));
  }
  return absl::OkStatus();
}

template <typename Groups>
absl::StatusOr<std::vector<EntityOrder>> OrderGroups(absl::string_view list, const Groups& groups) {
  std::vector<EntityOrder> orders;
  for (int i = 0; i < groups.size(); ++i) {
    ASSIGN_OR_RETURN(EntityOrder order,
                     OrderEntities(groups[i].entity_ids(), GroupPath(list, i) + ".entity_ids"));
    orders.push_back(std::move(order));
  }
  return orders;
}

absl::Status ResolveGroup(ModelIds& ids, IdentityStore& store, const v1::ResolveGroup& group,
                          v1::ResolvedGroup* resolved, int64_t* rules_revision) {
  std::optional<int32_t> target_model_id;
  if (!group.target_platform().empty()) {
    ASSIGN_OR_RETURN(const ModelId target, ids.Find(group.target_platform(), group.target_model()));
    target_model_id = target.model_id;
  }
  if (!group.entity_ids().empty()) {
    if (target_model_id.has_value()) return store.FindTargets(*target_model_id, group, resolved);
    *resolved->mutable_entity_ids() = group.entity_ids();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const ModelId model, ids.Find(group.platform(), group.model()));
  return store.Resolve(model, target_model_id, group, resolved, rules_revision);
}

}  // namespace

absl::StatusOr<v1::ResolveResponse> Resolve(ModelIds& ids, IdentityStore& store, RulesCache& rules,
                                            const EntityAssignments& assignments,
                                            const v1::ResolveRequest& request) {
  int count = 0;
  for (int i = 0; i < request.groups_size(); ++i) {
    count += request.groups(i).local_ids_size() + request.groups(i).entity_ids_size();
    RETURN_IF_ERROR(CheckCount(count));
    RETURN_IF_ERROR(CheckResolveGroup(GroupPath("groups", i), request.groups(i)));
  }
  v1::ResolveResponse response;
  int64_t revision = 0;
  for (const v1::ResolveGroup& group : request.groups()) {
    v1::ResolvedGroup* const resolved = response.add_groups();
    RETURN_IF_ERROR(ResolveGroup(ids, store, group, resolved, &revision));
    if (group.with_assignments()) RETURN_IF_ERROR(assignments.AddTo(resolved));
  }
  if (revision == 0) {
    ASSIGN_OR_RETURN(revision, rules.Revision());
  }
  response.set_rules_revision(revision);
  return response;
}

absl::StatusOr<v1::PlanResponse> Plan(ModelIds& ids, PlanStore& store, const v1::PlanRequest& request) {
  int count = 0;
  RETURN_IF_ERROR(CheckGroups("groups", request.groups(), CheckPlanGroup, &count));
  RETURN_IF_ERROR(CheckGroups("tombstones", request.tombstones(), CheckTombstones, &count));
  RETURN_IF_ERROR(CheckGroups("held", request.held(), CheckHeld, &count));
  ASSIGN_OR_RETURN(const std::vector<EntityOrder> orders, OrderGroups("groups", request.groups()));
  ASSIGN_OR_RETURN(const std::vector<EntityOrder> gone, OrderGroups("tombstones", request.tombstones()));
  ASSIGN_OR_RETURN(const std::vector<EntityOrder> held, OrderGroups("held", request.held()));
  v1::PlanResponse response;
  // Before the groups: once a target has the version, it may come back to its source at any moment.
  for (int i = 0; i < request.held_size(); ++i) {
    const v1::HeldGroup& group = request.held(i);
    ASSIGN_OR_RETURN(const ModelId model, ids.Find(group.platform(), group.model()));
    ASSIGN_OR_RETURN(const SyncId sync, ids.FindSync(group.sync()));
    RETURN_IF_ERROR(store.Hold(model, sync, held[static_cast<size_t>(i)], group));
  }
  for (int i = 0; i < request.groups_size(); ++i) {
    const v1::PlanGroup& group = request.groups(i);
    ASSIGN_OR_RETURN(const ModelId model, ids.Find(group.platform(), group.model()));
    ASSIGN_OR_RETURN(const SyncId sync, ids.FindSync(group.sync()));
    RETURN_IF_ERROR(store.Plan(model, sync, orders[static_cast<size_t>(i)], group, response.add_groups()));
  }
  // After the groups: a source record is gone only when its targets know.
  for (int i = 0; i < request.tombstones_size(); ++i) {
    const v1::TombstoneGroup& group = request.tombstones(i);
    ASSIGN_OR_RETURN(const ModelId model, ids.Find(group.platform(), group.model()));
    RETURN_IF_ERROR(store.Tombstone(model, gone[static_cast<size_t>(i)], group));
  }
  return response;
}

absl::StatusOr<v1::SettleResponse> Settle(ModelIds& ids, SettleStore& store,
                                          const v1::SettleRequest& request) {
  int count = 0;
  RETURN_IF_ERROR(CheckGroups("groups", request.groups(), CheckSettleGroup, &count));
  ASSIGN_OR_RETURN(const std::vector<EntityOrder> orders, OrderGroups("groups", request.groups()));
  for (int i = 0; i < request.groups_size(); ++i) {
    const v1::SettleGroup& group = request.groups(i);
    ASSIGN_OR_RETURN(const ModelId model, ids.Find(group.platform(), group.model()));
    RETURN_IF_ERROR(store.Settle(model, orders[static_cast<size_t>(i)], group));
  }
  return v1::SettleResponse();
}

absl::StatusOr<v1::AdoptResponse> Adopt(ModelIds& ids, AdoptStore& store, const v1::AdoptRequest& request) {
  RETURN_IF_ERROR(CheckCount(request.entity_ids_size()));
  RETURN_IF_ERROR(CheckModel("request", request.platform(), request.model()));
  RETURN_IF_ERROR(CheckLength("request", "local_ids", request.local_ids_size(), request.entity_ids_size()));
  RETURN_IF_ERROR(CheckLocalIds("request", request.local_ids(), /*may_be_empty=*/true));
  ASSIGN_OR_RETURN(const EntityOrder order, OrderEntities(request.entity_ids(), "entity_ids"));
  ASSIGN_OR_RETURN(const ModelId model, ids.Find(request.platform(), request.model()));
  v1::AdoptResponse response;
  RETURN_IF_ERROR(store.Adopt(model, order, request, &response));
  return response;
}

absl::StatusOr<v1::ListPendingResponse> ListPending(ReplicaQueries& queries,
                                                    const v1::ListPendingRequest& request) {
  if (request.platform().empty())
    return InvalidField("platform", "got nothing, want the target platform's id");
  if (!request.has_planned_before()) return InvalidField("planned_before", "got nothing, want a time");
  if (request.page_size() < 0 || request.page_size() > kMaxRecords) {
    return InvalidField("page_size", StrCat("got ", request.page_size(), ", want 0 to ", kMaxRecords));
  }
  return queries.ListPending(request.platform(), ToTime(request.planned_before()),
                             request.page_size() == 0 ? kDefaultPending : request.page_size());
}

absl::StatusOr<v1::GetReplicasResponse> GetReplicas(ReplicaQueries& queries,
                                                    const v1::GetReplicasRequest& request) {
  const v1::RecordKey& record = request.record();
  RETURN_IF_ERROR(CheckModel("record", record.platform(), record.model()));
  if (record.local_id().empty() || record.local_id().find('\0') != std::string::npos) {
    return InvalidField("record.local_id", "got nothing, want the platform's own id");
  }
  return queries.GetReplicas(record);
}

absl::StatusOr<v1::BatchGetReplicasResponse> BatchGetReplicas(ReplicaQueries& queries,
                                                              const v1::BatchGetReplicasRequest& request) {
  if (request.entity_ids_size() > kMaxEntities) {
    return InvalidField("entity_ids",
                        StrCat("got ", request.entity_ids_size(), ", want at most ", kMaxEntities));
  }
  ASSIGN_OR_RETURN(const EntityOrder order, OrderEntities(request.entity_ids(), "entity_ids"));
  return queries.BatchGetReplicas(order);
}

absl::StatusOr<v1::GetReplicaStandsResponse> GetReplicaStands(ModelIds& ids, ReplicaQueries& queries,
                                                              const v1::GetReplicaStandsRequest& request) {
  RETURN_IF_ERROR(CheckCount(request.entity_ids_size()));
  RETURN_IF_ERROR(CheckModel("request", request.platform(), request.model()));
  ASSIGN_OR_RETURN(const EntityOrder order, OrderEntities(request.entity_ids(), "entity_ids"));
  ASSIGN_OR_RETURN(const ModelId model, ids.Find(request.platform(), request.model()));
  v1::GetReplicaStandsResponse response;
  RETURN_IF_ERROR(queries.GetStands(model, order, &response));
  return response;
}

absl::StatusOr<v1::CountReplicasResponse> CountReplicas(ReplicaQueries& queries,
                                                        const v1::CountReplicasRequest& request) {
  if (request.sync().empty()) return queries.CountReplicas("");
  ASSIGN_OR_RETURN(const std::string sync, ParseSyncName(request.sync(), "sync"));
  return queries.CountReplicas(sync);
}

}  // namespace cognate::platform_registry
