// Keeps a lane running for each target platform whose lease this process holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/lane.pb.h"
#include "common/metrics/metrics.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/clients/rules_follower.h"
#include "services/delivery/lane.h"
#include "services/delivery/lane_lease.h"
#include "services/delivery/lane_options.h"
#include "services/delivery/lane_watch.h"
#include "services/delivery/lease_store.h"

namespace cognate::delivery {

class LaneManager {
 public:
  // `context` and `leases` outlive it. `owner` is this process's alone; its replicas reach it at `address`,
  // which may be empty.
  LaneManager(const LaneContext& context, LeaseStore& leases, std::string owner, std::string address,
              absl::Duration lease_duration);
  ~LaneManager() { Stop(); }

  void Start();
  // Ends the lanes, then frees their leases, so that another process has them at once.
  void Stop();

  const std::string& owner() const { return owner_; }
  const std::string& address() const { return address_; }
  // The lanes of this process, by platform.
  std::vector<v1::Lane> Describe() const;
  // Whether this process has the platform's lane; one that is closed looks at its target at once.
  bool WakeIfClosed(const std::string& platform);
  // Whether leases are renewed, and every lane that has work moves.
  absl::Status Check() const;

 private:
  // Shared with calls of the watch alone, which end soon.
  using Lanes = absl::btree_map<std::string, std::shared_ptr<Lane>>;

  void Run(StopToken& stop);
  // Until the next tick: not after the end of a process that no longer renews its row.
  absl::Duration UntilTick() const;
  void AwaitEnd(const Lanes& lanes) const;
  void Tick();
  // The targets of all syncs; as they were, while the registry does not answer.
  void LearnTargets();
  // Renews the process's row, or begins anew: then every lane was lost. An error: each working lane ends by
  // itself when the lease is over.
  absl::Status Renew();
  // Ends lanes that nobody wants any more, and calls that hang.
  void StopUnwanted();
  // Takes lanes that are wanted and that nobody holds; a bounded number each time.
  absl::Status TakeLanes();
  // Wanted, not here, and as far as it is known held by nobody.
  absl::StatusOr<std::vector<std::string>> Missing();
  // Sets the leases of single lanes ahead, some at a time; a lane that is somebody else's ends.
  absl::Status RefreshLeases();
  // Lanes that have ended, to be destroyed without the lock.
  std::vector<std::shared_ptr<Lane>> TakeFinished(std::vector<std::string>* unwanted);
  void CountLanes();

  // Of the watch.
  void WakeLane(const std::string& platform, WakeCause cause);
  bool ReapLane(const std::string& platform);
  std::shared_ptr<Lane> Find(const std::string& platform) const;

  const LaneContext& context_;
  LeaseStore& leases_;
  const std::string owner_;
  const std::string address_;
  const absl::Duration lease_duration_;

  // What is kept of the rules.
  class Targets {
   public:
    explicit Targets(const v1::Rules& rules);
    int64_t revision() const { return revision_; }
    const absl::btree_set<std::string>& platforms() const { return platforms_; }

   private:
    const int64_t revision_;
    absl::btree_set<std::string> platforms_;
  };

  // Of the worker alone.
  clients::RulesFollower<Targets> rules_;
  int64_t revision_ = -1;  // of the targets
  absl::btree_set<std::string> targets_;
  absl::flat_hash_set<std::string> tried_;  // to take, so that the database knows who has them
  absl::Time try_all_time_ = absl::InfinitePast();
  absl::btree_map<std::string, absl::Time> refreshed_;  // when the leases of our lanes were set ahead

  absl::Duration first_end_ = absl::InfiniteDuration();  // of other processes' rows

  ProcessLease lease_;
  metrics::OwnedGauge working_gauge_;
  metrics::OwnedGauge resting_gauge_;

  mutable Mutex mutex_;
  Lanes lanes_ ABSL_GUARDED_BY(mutex_);
  absl::Time renewed_time_ ABSL_GUARDED_BY(mutex_);
  absl::Status renewal_ ABSL_GUARDED_BY(mutex_);

  LaneWatch watch_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::delivery
