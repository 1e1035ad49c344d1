#include "services/file_transfer/placing/sweeper.h"

#include <map>
#include <set>
#include <utility>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/platforms.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kInterval = absl::Hours(1);
// Not all at once: there may be millions.
constexpr absl::Duration kPagePause = absl::Milliseconds(200);
constexpr int kPage = 500;
constexpr absl::Duration kUnbound = absl::Hours(24);
constexpr int64_t kOldDraftSeconds = 6 * 3600;

// Where each entity is, by its UUID as a text. Deleted ones are nowhere.
std::map<std::string, std::vector<std::string>> PlatformsOf(const v1::BatchGetReplicasResponse& response) {
  std::map<std::string, std::vector<std::string>> platforms;
  for (const v1::Replica& replica : response.replicas()) {
    if (!replica.deleted()) platforms[replica.entity_id()].push_back(replica.record().platform());
  }
  return platforms;
}

}  // namespace

void Sweeper::Run(StopToken& stop) {
  while (!stop.stopping()) {
    if (const absl::Status status = SweepDrafts(); !status.ok())
      log::Warn("drafts not cleared", {{"status", status}});
    if (const absl::Status status = SweepEntities(stop); !status.ok())
      log::Warn("bindings not swept", {{"status", status}});
    const absl::StatusOr<int64_t> forgotten = store_.ForgetUnbound(clock_.Now() - kUnbound, 1'000);
    if (!forgotten.ok()) log::Warn("placements not forgotten", {{"status", forgotten.status()}});
    stop.WaitFor(kInterval);
  }
}

absl::Status Sweeper::SweepEntities(StopToken& stop) {
  Uuid after;
  while (!stop.stopping()) {
    ASSIGN_OR_RETURN(const std::vector<Uuid> entities, store_.Entities(after, kPage));
    if (entities.empty()) return absl::OkStatus();
    after = entities.back();
    v1::BatchGetReplicasRequest request;
    for (const Uuid& entity : entities) request.add_entity_ids(std::string(entity.AsBytes()));
    ASSIGN_OR_RETURN(const v1::BatchGetReplicasResponse response, registry_.BatchGetReplicas(request));
    const auto platforms = PlatformsOf(response);
    for (const Uuid& entity : entities) {
      const auto found = platforms.find(entity.ToString());
      // While it is anywhere it may come back where it is not.
      if (found == platforms.end()) RETURN_IF_ERROR(store_.DropEntity(entity, {}));
    }
    stop.WaitFor(kPagePause);
  }
  return absl::OkStatus();
}

absl::Status Sweeper::SweepDrafts() {
  ASSIGN_OR_RETURN(const std::vector<v1::Platform> platforms, registry_.ListPlatforms());
  for (const v1::Platform& platform : platforms) {
    if (!platform.has_files()) continue;
    const absl::StatusOr<std::unique_ptr<Place>> place = Place::Open(roots_, platform.files().directory());
    const int removed = place.ok() ? (*place)->RemoveOldDrafts(kOldDraftSeconds) : 0;
    if (removed > 0)
      log::Info("drafts cleared", {{"directory", platform.files().directory()}, {"count", removed}});
  }
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer
