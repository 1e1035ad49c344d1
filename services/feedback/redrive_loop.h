#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/health/progress_monitor.h"
#include "common/worker/stop_token.h"
#include "services/feedback/lost_ways.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// Brings back what is in trouble: the only way back there is. Any number of processes share the work, because
// each takes rows that nobody else gets. A row that was taken is due again after a lease, so that a crash, or
// a replay that got lost, costs time only. What no sync takes on any more ends (LostWays).
class RedriveLoop {
 public:
  RedriveLoop(const Parts& parts, health::ProgressMonitor& monitor,
              absl::Duration poll = absl::Milliseconds(200))
      : parts_(parts), monitor_(monitor), poll_(poll), lost_(parts.clock, parts.peers, parts.troubles) {}

  // Replays what is due. Woken by RedriveSignal.
  void RunReplays(StopToken& stop);
  // Looks at those that no replay is planned for: what has waited for long is replayed all the same, and what
  // nothing will move by itself is compared with the ledger now and then: it may be settled by now, or its
  // entity may have become another one.
  void RunLooks(StopToken& stop);

 private:
  absl::StatusOr<bool> ReplayPage();
  absl::StatusOr<bool> LookAtPage();
  // Deletes those that the ledger knows to be over; answers the others.
  absl::StatusOr<std::vector<Trouble>> EndWhatIsOver(absl::Span<const Trouble> troubles);

  const Parts& parts_;
  health::ProgressMonitor& monitor_;
  const absl::Duration poll_;
  LostWays lost_;
};

}  // namespace cognate::feedback
