// One lane that this process owns: its threads and what they share.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cognate/v1/lane.pb.h"
#include "common/health/progress_monitor.h"
#include "common/worker/worker.h"
#include "services/delivery/lane_lease.h"
#include "services/delivery/lane_loop.h"
#include "services/delivery/lane_options.h"
#include "services/delivery/lane_status.h"
#include "services/delivery/reporter.h"

namespace cognate::delivery {

// Works from its making on, until the lease is over or it is stopped. Thread safe.
class Lane {
 public:
  Lane(std::string platform, const LaneContext& context, int64_t fence, absl::Time lease_until);
  ~Lane() { RequestStop(); }

  LaneLease& lease() { return lease_; }
  void RequestStop();
  // Ends the wait before the next probe.
  void Wake() { worker_.Wake(); }
  // The target hangs for longer than `limit`: it counts as lost.
  void InterruptAfter(absl::Duration limit) {
    if (loop_.Waited() > limit) loop_.Interrupt();
  }
  // After RequestStop: waits for no report that is under way.
  void InterruptReport() { reporter_.Interrupt(); }
  // Its loop has returned, by itself or stopped: it delivers nothing more.
  bool ended() const { return worker_.finished(); }
  // Every thread has returned: destroying it waits for nothing.
  bool finished() const { return worker_.finished() && reporter_.finished() && loop_.refiller_finished(); }
  v1::Lane Describe() const { return status_.Describe(); }
  // Whether it moves, if it has work. A target that hangs is no fault of this process: its metrics alone say
  // so.
  absl::Status Check() const {
    return loop_.Waited() > absl::ZeroDuration() ? absl::OkStatus() : progress_.Check();
  }

 private:
  LaneLease lease_;
  LaneStatus status_;
  health::ProgressMonitor progress_;
  Reporter reporter_;
  LaneLoop loop_;
  Worker worker_;  // last: it uses the others
};

}  // namespace cognate::delivery
