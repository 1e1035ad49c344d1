#include "services/file_transfer/placing/placement_records.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

// Entity, platform and model: what the record is called there.
using LocalIds = std::map<std::tuple<std::string, std::string, std::string>, std::string>;

LocalIds FindLocalIds(clients::RegistryClient& registry, const std::set<Uuid>& entities) {
  LocalIds ids;
  if (entities.empty()) return ids;
  v1::BatchGetReplicasRequest request;
  for (const Uuid& entity : entities) request.add_entity_ids(std::string(entity.AsBytes()));
  const absl::StatusOr<v1::BatchGetReplicasResponse> response = registry.BatchGetReplicas(request);
  if (!response.ok()) {
    log::Warn("records of placements not named", {{"status", response.status()}});
    return ids;
  }
  for (const v1::Replica& replica : response->replicas()) {
    if (replica.deleted()) continue;
    const v1::RecordKey& record = replica.record();
    ids[{replica.entity_id(), record.platform(), record.model()}] = record.local_id();
  }
  return ids;
}

}  // namespace

absl::Status NameRecords(UseStore& uses, clients::RegistryClient& registry,
                         absl::Span<const PlacementRow> rows, v1::ListPlacementsResponse* response) {
  ASSIGN_OR_RETURN(const std::vector<std::optional<PlacementUse>> found, uses.Of(rows));
  std::set<Uuid> entities;
  for (const std::optional<PlacementUse>& use : found) {
    if (use.has_value() && !use->source_platform.empty()) entities.insert(use->entity);
  }
  const LocalIds ids = FindLocalIds(registry, entities);
  for (size_t i = 0; i < found.size(); ++i) {
    const std::optional<PlacementUse>& use = found[i];
    if (!use.has_value()) continue;
    v1::Placement& placement = *response->mutable_placements(static_cast<int>(i));
    placement.set_model(use->model);
    placement.set_field(use->field);
    if (use->source_platform.empty()) continue;
    placement.set_source_field(use->source_field);
    v1::RecordKey& source = *placement.mutable_source();
    source.set_platform(use->source_platform);
    source.set_model(use->source_model);
    const auto id = ids.find({use->entity.ToString(), use->source_platform, use->source_model});
    if (id != ids.end()) source.set_local_id(id->second);
  }
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer
