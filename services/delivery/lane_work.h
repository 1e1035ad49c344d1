// What a lane has only while it works: its threads, its connections and what goes with them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "common/worker/worker.h"
#include "services/delivery/lane_loop.h"
#include "services/delivery/lane_rest.h"
#include "services/delivery/reporter.h"

namespace cognate::delivery {

// Works from its making on, until it is stopped, the lease is over, or nothing is left to do. Thread safe.
class LaneWork {
 public:
  // What `parts` refer to outlives it. `rested` is called at last, by its own thread, if it is to rest.
  LaneWork(const LaneParts& parts, WakeCause cause, std::function<void(Rest rest)> rested);
  ~LaneWork() { RequestStop(); }

  void RequestStop();
  // Ends the wait before the next probe.
  void Wake() { worker_.Wake(); }
  // How long the target has kept it waiting.
  absl::Duration Waited() const { return loop_.Waited(); }
  // The target hangs for longer than `limit`: it counts as lost.
  void InterruptAfter(absl::Duration limit) {
    if (loop_.Waited() > limit) loop_.Interrupt();
  }
  // After RequestStop: waits for no report that is under way.
  void InterruptReport() { reporter_.Interrupt(); }
  // Its loop has returned: it delivers nothing more.
  bool ended() const { return worker_.finished(); }
  // Every thread has returned: destroying it waits for nothing.
  bool finished() const { return worker_.finished() && reporter_.finished() && loop_.refiller_finished(); }

 private:
  Reporter reporter_;
  LaneLoop loop_;
  Worker worker_;  // last: it uses the others
};

}  // namespace cognate::delivery
