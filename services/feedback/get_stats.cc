#include "services/feedback/get_stats.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/feedback/ways.h"

namespace cognate::feedback {
namespace {

void Add(const TroubleCount& count, v1::SyncStats* stats) {
  switch (count.state) {
    case v1::REPLICA_STATE_RETRY:
      return stats->set_retry_count(stats->retry_count() + count.count);
    case v1::REPLICA_STATE_WAITING:
      return stats->set_waiting_count(stats->waiting_count() + count.count);
    case v1::REPLICA_STATE_HELD:
      return stats->set_held_count(stats->held_count() + count.count);
    case v1::REPLICA_STATE_CONFLICT:
      return stats->set_conflict_count(stats->conflict_count() + count.count);
    default:
      return stats->set_dead_count(stats->dead_count() + count.count);
  }
}

// A platform's line, in the order in which they first come.
class Targets {
 public:
  explicit Targets(v1::GetStatsResponse* response) : response_(response) {}

  v1::TargetStats& Of(const std::string& platform) {
    const auto [found, is_new] = places_.try_emplace(platform, response_->targets_size());
    if (is_new) response_->add_targets()->set_platform(platform);
    return *response_->mutable_targets(found->second);
  }

 private:
  v1::GetStatsResponse* response_;
  absl::flat_hash_map<std::string, int> places_;
};

void Add(const LatelyDone& done, v1::TargetStats* stats) {
  stats->set_applied_last_minute_count(std::llround(done.last_minute));
  stats->set_applied_last_hour_count(done.last_hour);
  stats->set_applied_last_day_count(done.last_day);
  stats->set_applied_last_week_count(done.last_week);
  if (done.last_applied > absl::InfinitePast())
    *stats->mutable_last_applied_time() = ToTimestamp(done.last_applied);
}

// What passes, and what is in the hands of a person.
void Add(const TroubleCount& count, v1::TargetStats* stats) {
  if (count.state == v1::REPLICA_STATE_CONFLICT || count.state == v1::REPLICA_STATE_DEAD) {
    stats->set_failed_count(stats->failed_count() + count.count);
  } else {
    stats->set_pending_count(stats->pending_count() + count.count);
  }
}

}  // namespace

absl::StatusOr<v1::GetStatsResponse> GetStats(const Parts& parts, const v1::GetStatsRequest& request,
                                              const grpc_support::Rpc& rpc) {
  const CallContext context = CallContext::Of(rpc);
  ASSIGN_OR_RETURN(const v1::CountReplicasResponse replicas,
                   parts.peers.registry().CountReplicas(request.sync(), context));
  ASSIGN_OR_RETURN(const std::vector<v1::Sync> syncs, parts.peers.registry().ListSyncs(context));
  ASSIGN_OR_RETURN(const std::vector<TroubleCount> troubles, parts.troubles.Count());
  ASSIGN_OR_RETURN(const std::vector<LatelyDone> lately, parts.history.Lately(parts.clock.Now()));

  v1::GetStatsResponse response;
  absl::flat_hash_map<std::string, v1::SyncStats*> by_sync;
  for (const v1::ReplicaCount& count : replicas.counts()) {
    v1::SyncStats* stats = response.add_syncs();
    stats->set_sync(count.sync());
    stats->set_total_count(count.total_count());
    stats->set_converged_count(count.converged_count());
    stats->set_pending_count(count.pending_count());
    by_sync[count.sync()] = stats;
  }
  absl::flat_hash_map<Way, std::string>
      sync_of;  // Where several go the same way, the first has the troubles.
  for (const v1::Sync& sync : syncs) {
    if (!by_sync.contains(sync.name())) continue;
    sync_of.try_emplace(WayOf(sync), sync.name());
    if (sync.mirror()) sync_of.try_emplace(RemovalWayOf(sync), sync.name());
  }
  for (const TroubleCount& count : troubles) {
    const auto sync =
        sync_of.find(Way{count.source_platform, count.source_model, count.platform, count.model});
    if (sync != sync_of.end()) Add(count, by_sync[sync->second]);
  }
  Targets targets(&response);
  for (const LatelyDone& done : lately) Add(done, &targets.Of(done.platform));
  for (const v1::Sync& sync : syncs) {
    const auto stats = by_sync.find(sync.name());
    if (stats == by_sync.end()) continue;
    v1::TargetStats& target = targets.Of(sync.target_platform());
    target.set_completed_count(target.completed_count() + stats->second->converged_count());
    target.set_syncing_count(target.syncing_count() + stats->second->pending_count());
  }
  for (const TroubleCount& count : troubles) {
    const Way way = {count.source_platform, count.source_model, count.platform, count.model};
    if (request.sync().empty() || sync_of.contains(way)) Add(count, &targets.Of(count.platform));
  }
  return response;
}

}  // namespace cognate::feedback
