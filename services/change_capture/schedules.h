// Begins the runs of syncs with an interval, and keeps up to where each of them has delivered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/sync.pb.h"
#include "common/clock/clock.h"
#include "common/postgres/pool.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/run_store.h"

namespace cognate::change_capture {

class RunLoop;

// The transformer keeps live changes back from syncs with an interval; what is above a sync's watermark may
// therefore be missing on its target, and nothing else. The watermark rises in the transaction that ends a
// run, so that a run which never ends leaves nothing out. Begins at 0: the first run brings every record.
class Schedules {
 public:
  Schedules(postgres::Pool& pool, RunStore& runs, ChangeLog& log, const Catalogue& catalogue,
            const Clock& clock)
      : pool_(pool), runs_(runs), log_(log), catalogue_(catalogue), clock_(clock) {}

  // One thread's. Begins a run for each active sync whose turn has come and that has changes above its
  // watermark, unless the one before is still going; and a last one for a sync whose interval was taken off.
  // Costs nothing where no sync has an interval, and between turns. To be called again after an error.
  absl::Status Look(RunLoop& loop);
  // When Look has something to do next.
  absl::Time next_look() const { return next_look_; }

  // Thread safe. A run at once, or the one that is going. FAILED_PRECONDITION SYNC_HAS_NO_INTERVAL.
  absl::StatusOr<StoredRun> BeginNow(RunLoop& loop, const v1::Sync& sync, absl::string_view request_id);

  // The run has ended: what it brought need not be brought again.
  static absl::Status Advance(postgres::Transaction& transaction, const StoredRun& run);

 private:
  struct Row {
    std::string sync;
    int64_t watermark = 0;
    absl::Time looked_at;
    bool is_over = false;
  };

  absl::StatusOr<std::vector<Row>> ReadRows();
  absl::Status AddRow(const std::string& sync);
  // One sync's turn; `interval` zero: its last.
  absl::Status TakeTurn(RunLoop& loop, const v1::Sync& sync, const Row& row, absl::Duration interval);
  absl::StatusOr<bool> AnythingNew(const v1::Sync& sync, int64_t after);
  absl::StatusOr<StoredRun> Begin(RunLoop& loop, const v1::Sync& sync, const Row& row,
                                  absl::string_view request, bool is_last);

  postgres::Pool& pool_;
  RunStore& runs_;
  ChangeLog& log_;
  const Catalogue& catalogue_;
  const Clock& clock_;
  int64_t revision_ = -1;  // was looked at
  absl::Time next_look_ = absl::InfinitePast();
};

}  // namespace cognate::change_capture
