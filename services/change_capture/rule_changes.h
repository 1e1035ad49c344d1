// Finds the syncs whose rules have changed, and has their records delivered again.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "cognate/v1/sync.pb.h"
#include "common/clock/clock.h"
#include "common/postgres/pool.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/run_store.h"

namespace cognate::change_capture {

class RunLoop;

// One thread's. What each sync's rules were when a run last began for them is in the table sync_rules, so
// that nothing is missed over restarts, and of several processes one begins the run.
class RuleChanges {
 public:
  RuleChanges(postgres::Pool& pool, RunStore& runs, const Catalogue& catalogue, const Clock& clock)
      : pool_(pool), runs_(runs), catalogue_(catalogue), clock_(clock) {}

  // Begins a RUN_KIND_REDELIVER for each active sync whose rules are not those of the table. A sync that is
  // seen for the first time, and has not been changed since it was made, has nothing to deliver again. Costs
  // nothing while the rules stay as they are. To be called again after an error.
  absl::Status Look(RunLoop& loop);
  // Rules that were looked at. Of a sync whose leaving is still to be counted (`Sync.guard`) it is noted then
  // that its records are to be delivered once more, whatever comes of it. May be asked by any thread.
  int64_t revision() const { return revision_; }

 private:
  absl::Status LookAt(const v1::Rules& rules, RunLoop& loop);

  postgres::Pool& pool_;
  RunStore& runs_;
  const Catalogue& catalogue_;
  const Clock& clock_;
  std::atomic<int64_t> revision_ = 0;  // was looked at
};

}  // namespace cognate::change_capture
