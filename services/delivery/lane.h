// One lane that this process owns. It rests while it has nothing to do: then it is no more than what it shows
// of itself and what it remembers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cognate/v1/lane.pb.h"
#include "common/health/progress_monitor.h"
#include "common/sync/mutex.h"
#include "services/delivery/lane_lease.h"
#include "services/delivery/lane_options.h"
#include "services/delivery/lane_rest.h"
#include "services/delivery/lane_status.h"
#include "services/delivery/lane_work.h"

namespace cognate::delivery {

// Rests from its making on, until it is woken. Thread safe.
class Lane {
 public:
  // `rested` is called, by a thread of the lane's own, whenever it is to rest: whoever hears of it calls Reap
  // soon. What is given outlives it.
  Lane(std::string platform, const LaneContext& context, int64_t fence, const ProcessLease& process,
       std::function<void(const std::string& platform, Rest rest)> rested);
  ~Lane() { RequestStop(); }

  const LaneLease& lease() const { return lease_; }
  // Begins to work; ends the wait before the next probe where it works already.
  void Wake(WakeCause cause);
  // Lets go what it had to work with, if it is to rest. False if it goes on instead.
  bool Reap();

  void RequestStop();
  void InterruptAfter(absl::Duration limit);
  void InterruptReport();
  // It delivers nothing more: it was stopped, or its lease is over.
  bool ended() const;
  // Destroying it waits for nothing.
  bool finished() const;
  bool works() const;
  v1::Lane Describe() const { return status_.Describe(); }
  // Whether it moves, if it has work. A target that hangs is no fault of this process: its metrics alone say
  // so.
  absl::Status Check() const;

 private:
  void Begin(WakeCause cause) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string platform_;
  const LaneContext& context_;
  const std::function<void(const std::string& platform, Rest rest)> rested_;
  const LaneLease lease_;
  LaneStatus status_;
  health::ProgressMonitor progress_;
  LaneMemory memory_;

  mutable Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool resting_ ABSL_GUARDED_BY(mutex_) = true;  // also while what it worked with is not let go yet
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;   // in that time
  std::unique_ptr<LaneWork> work_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::delivery
