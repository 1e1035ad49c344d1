// Finds edits that deliveries were written over, and has what they changed put back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/postgres/pool.h"
#include "common/worker/worker.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/conflicts/amender.h"
#include "services/change_capture/conflicts/conflict_store.h"
#include "services/change_capture/conflicts/merge.h"
#include "services/change_capture/conflicts/owed_store.h"

namespace cognate::change_capture {

struct ConflictLoopOptions {
  absl::Duration busy_wait = absl::Milliseconds(20);    // while there are two-way syncs and changes come
  absl::Duration quiet_wait = absl::Milliseconds(100);  // while there are two-way syncs
  absl::Duration idle_wait = absl::Milliseconds(500);
  int max_deliveries = 500;  // of one round
  absl::Duration purge_interval = absl::Minutes(10);
};

// One thread. Goes through the log once, behind the appenders; where it is, and what it finds, is committed
// together. Several processes may run it: one of them commits. Costs nothing without two-way syncs.
class ConflictLoop {
 public:
  ConflictLoop(postgres::Pool& pool, ChangeLog& log, ConflictStore& conflicts, OwedStore& owed,
               Amender& amender, const Catalogue& catalogue, const Clock& clock, metrics::Registry& metrics,
               ConflictLoopOptions options = {})
      : pool_(pool),
        log_(log),
        conflicts_(conflicts),
        owed_(owed),
        amender_(amender),
        catalogue_(catalogue),
        clock_(clock),
        options_(options),
        met_(metrics.Counters(
            "conflicts_total",
            "Edits of one record on two platforms at once that were found, by the policy that "
            "decides; MANUAL where a field waits for a person.",
            {"policy"})) {
    ShowPolicies();
  }

  void Start();
  void Stop() { worker_.reset(); }

 private:
  // A record that is looked at, and from which version on.
  struct Watched {
    RecordId record;
    int64_t after = 0;
    std::optional<StoredOwed> owed;
    bool from_the_first = false;  // the history is whole
    std::vector<LoggedState> history;
    std::vector<NextState> next;
  };

  void Run(StopToken& stop);
  // All of them at 0, so that the first conflict is seen to come.
  void ShowPolicies();
  // Gives how long to wait until the next round.
  absl::StatusOr<absl::Duration> Look();
  // Models that records come back to, as far as anything of them was captured.
  absl::Status ReadRules();
  // Records that a delivery came to that did not know their last edit. Lowers `until` to where it has looked.
  absl::StatusOr<std::vector<RecordId>> FindUnaware(int64_t after, int64_t* until);
  absl::StatusOr<std::vector<Watched>> Watch(int64_t after, int64_t until,
                                             const std::vector<RecordId>& unaware);
  // What deliveries are based on, and whose they are.
  absl::Status AddLineage(std::vector<Watched>* watched);

  postgres::Pool& pool_;
  ChangeLog& log_;
  ConflictStore& conflicts_;
  OwedStore& owed_;
  Amender& amender_;
  const Catalogue& catalogue_;
  const Clock& clock_;
  const ConflictLoopOptions options_;
  metrics::Family<metrics::Counter> met_;

  // The worker's alone.
  int64_t rules_revision_ = -1;
  std::vector<int32_t> model_ids_;
  absl::flat_hash_map<int32_t, FieldPolicies> policies_;
  int64_t looked_at_ = 0;
  absl::Time purge_time_ = absl::InfinitePast();
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::change_capture
