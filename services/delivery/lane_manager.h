// Keeps a lane running for each target platform whose lease this process holds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cognate/v1/lane.pb.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/clients/rules_follower.h"
#include "services/delivery/lane.h"
#include "services/delivery/lane_options.h"
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
  using Lanes = absl::btree_map<std::string, std::unique_ptr<Lane>>;
  using Held = absl::btree_map<std::string, int64_t>;

  void Run(StopToken& stop);
  void AwaitEnd(const Lanes& lanes) const;
  void Tick();
  // The targets of all syncs; as they were, while the registry does not answer.
  void LearnTargets();
  std::vector<std::string> Wanted() const;
  void Adjust(const Held& held, absl::Time until) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lanes that have ended, to be destroyed without the lock.
  std::vector<std::unique_ptr<Lane>> TakeFinished(std::vector<std::string>* unwanted);

  const LaneContext& context_;
  LeaseStore& leases_;
  const std::string owner_;
  const std::string address_;
  const absl::Duration lease_duration_;

  // Of the worker alone.
  clients::RulesFollower<> rules_;
  absl::btree_set<std::string> targets_;

  mutable Mutex mutex_;
  Lanes lanes_ ABSL_GUARDED_BY(mutex_);
  absl::Time renewed_time_ ABSL_GUARDED_BY(mutex_);
  absl::Status renewal_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::delivery
