#include "services/file_transfer/placing/sweeper.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/strip.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/place_jobs.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kInterval = absl::Hours(1);
constexpr absl::Duration kLook = absl::Minutes(5);
// Not all at once: there may be millions.
constexpr absl::Duration kPagePause = absl::Milliseconds(200);
constexpr int kPage = 500;
constexpr absl::Duration kUnbound = absl::Hours(24);
// A target may be away, or show a page that it has kept, while its record leads elsewhere already.
constexpr absl::Duration kUnusedLinks = absl::Hours(24 * 7);
constexpr int64_t kOldDraftSeconds = 6 * 3600;
constexpr absl::Duration kRefusalsKept = absl::Hours(24 * 30);
constexpr absl::Duration kLooking = absl::Seconds(60);

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
  const auto warn = [](const char* what, const absl::Status& status) {
    if (!status.ok()) log::Warn(what, {{"status", status}});
  };
  // Of all processes of the service one does it.
  do {
    const absl::StatusOr<bool> is_due = chores_.TakeChore("sweep", clock_.Now(), kInterval);
    warn("cannot look whether to sweep", is_due.status());
    if (!is_due.ok() || !*is_due) continue;
    warn("platforms not swept", SweepPlatforms(stop));
    warn("bindings not swept", SweepEntities(stop));
    warn("placements not swept", SweepPlacements(stop));
    warn("links not swept", SweepLinks(stop));
    warn("refused uploads not forgotten", stores_.refusals.DropBefore(clock_.Now() - kRefusalsKept));
  } while (!stop.WaitFor(kLook));
}

absl::Status Sweeper::SweepPlacements(StopToken& stop) {
  PlacementStore::Key after;
  while (!stop.stopping()) {
    ASSIGN_OR_RETURN(const bool more,
                     stores_.placements.ForgetUnbound(clock_.Now() - kUnbound, kPage, &after));
    if (!more) return absl::OkStatus();
    stop.WaitFor(kPagePause);
  }
  return absl::OkStatus();
}

absl::Status Sweeper::SweepLinks(StopToken& stop) {
  SourceFile after;
  while (!stop.stopping()) {
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(const bool more, stores_.links.DropUnused(now - kUnusedLinks, now, kPage, &after));
    if (!more) return absl::OkStatus();
    stop.WaitFor(kPagePause);
  }
  return absl::OkStatus();
}

absl::Status Sweeper::SweepEntities(StopToken& stop) {
  Uuid after;
  while (!stop.stopping()) {
    ASSIGN_OR_RETURN(const std::vector<Uuid> entities, stores_.bindings.Entities(after, kPage));
    if (entities.empty()) return absl::OkStatus();
    after = entities.back();
    v1::BatchGetReplicasRequest request;
    for (const Uuid& entity : entities) request.add_entity_ids(std::string(entity.AsBytes()));
    ASSIGN_OR_RETURN(const v1::BatchGetReplicasResponse response, registry_.BatchGetReplicas(request));
    const auto platforms = PlatformsOf(response);
    for (const Uuid& entity : entities) {
      const auto found = platforms.find(entity.ToString());
      // While it is anywhere it may come back where it is not.
      if (found == platforms.end()) RETURN_IF_ERROR(stores_.platforms.DropEntity(entity));
    }
    stop.WaitFor(kPagePause);
  }
  return absl::OkStatus();
}

absl::Status Sweeper::SweepPlatforms(StopToken& stop) {
  // First those that rows name: one that is made meanwhile is no unknown one.
  ASSIGN_OR_RETURN(const std::vector<std::string> named, stores_.platforms.Platforms());
  ASSIGN_OR_RETURN(const std::vector<v1::Platform> platforms, registry_.ListPlatforms());
  std::set<std::string> known;
  for (const v1::Platform& platform : platforms)
    known.insert(std::string(absl::StripPrefix(platform.name(), "platforms/")));
  for (const std::string& platform : named) {
    bool more = !known.contains(platform);
    while (more && !stop.stopping()) {
      ASSIGN_OR_RETURN(more, stores_.platforms.DropPlatform(platform, kPage));
      stop.WaitFor(kPagePause);
    }
  }
  for (const v1::Platform& platform : platforms) {
    if (!platform.has_files() || stop.stopping()) continue;
    const std::string id(absl::StripPrefix(platform.name(), "platforms/"));
    const absl::StatusOr<std::shared_ptr<const PlatformFiles>> files = platforms_.Get(id);
    if (!files.ok() || (*files)->place == nullptr) continue;
    workers_
        .Run(id, clock_.Now() + kLooking,
             [place = (*files)->place](Beat&) {
               const int removed = place->RemoveOldDrafts(kOldDraftSeconds);
               if (removed > 0)
                 log::Info("drafts cleared", {{"directory", place->directory()}, {"count", removed}});
             })
        .IgnoreError();
    RETURN_IF_ERROR(SweepDirectory(**files, stop));
  }
  return absl::OkStatus();
}

absl::Status Sweeper::SweepDirectory(const PlatformFiles& files, StopToken& stop) {
  const auto gone = [&](const std::vector<std::string>& paths) {
    const auto stands = PlaceJobs{workers_, files, clock_.Now() + kLooking}.Stat(paths);
    std::vector<std::string> absent;
    for (size_t i = 0; i < stands.size(); ++i) {
      if (absl::IsNotFound(stands[i].status())) absent.push_back(paths[i]);
    }
    return absent;
  };
  std::string after;
  while (!stop.stopping()) {
    ASSIGN_OR_RETURN(const std::vector<SeenStore::Path> seen, stores_.seen.Paths(files.id, after, kPage));
    if (seen.empty()) break;
    after = seen.back().path;
    std::vector<std::string> unbound;
    for (const SeenStore::Path& path : seen) {
      if (!path.is_bound) unbound.push_back(path.path);
    }
    RETURN_IF_ERROR(stores_.seen.Drop(files.id, gone(unbound)));
    stop.WaitFor(kPagePause);
  }
  after.clear();
  while (!stop.stopping()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                     stores_.placements.Forgotten(files.id, after, kPage));
    if (paths.empty()) break;
    after = paths.back();
    RETURN_IF_ERROR(stores_.placements.DropForgotten(files.id, gone(paths)));
    stop.WaitFor(kPagePause);
  }
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer
