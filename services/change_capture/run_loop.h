// Carries runs on until they are done.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/change_source.h"
#include "services/change_capture/mirror_runs.h"
#include "services/change_capture/replay_writer.h"
#include "services/change_capture/rule_changes.h"
#include "services/change_capture/run_store.h"
#include "services/change_capture/schedules.h"

namespace cognate::change_capture {

struct RunLoopOptions {
  int page_records = 1000;
  // A run adds nothing while the stream has as many entries, so that live changes pass it by.
  int64_t max_stream_entries = 32;
  absl::Duration idle_wait = absl::Milliseconds(500);
  absl::Duration busy_wait = absl::Milliseconds(20);
};

// One thread. A run is in one of these states, and each step is committed before the next:
//
//   WAITING_FOR_SNAPSHOT ─ the model's snapshot is in the log ─▶ RUNNING ─ last page ─▶ DONE
//            └──────────── the model cannot be captured, or the sync is gone ──────────▶ FAILED
//
// After each page a run rests as long as its sync wants. Those of kind MIRROR go on as mirror_runs.h says.
class RunLoop {
 public:
  RunLoop(RunStore& runs, ChangeLog& log, ReplayWriter& replays, StreamFeeder& feeder, Catalogue& catalogue,
          ChangeSource& source, RuleChanges& rule_changes, Schedules& schedules, MirrorRuns& mirrors,
          const Clock& clock, RunLoopOptions options = {})
      : runs_(runs),
        log_(log),
        replays_(replays),
        feeder_(feeder),
        catalogue_(catalogue),
        source_(source),
        rule_changes_(rule_changes),
        schedules_(schedules),
        mirrors_(mirrors),
        clock_(clock),
        options_(options) {}

  void Start();
  void Stop();
  // There is a new run.
  void Wake();

  // A run that is not stored yet.
  absl::StatusOr<StoredRun> NewRun(v1::RunKind kind, const v1::Sync& sync, const Clock& clock);

 private:
  // Whether a run of this platform's models must wait for a snapshot first.
  absl::StatusOr<bool> NeedsSnapshot(absl::string_view platform);
  // About how many records a run of this model would replay now; 0 if that cannot be found out.
  int64_t EstimateRecords(absl::string_view platform, absl::string_view model);

  void Run(StopToken& stop);
  void LookForRuns();
  // How long the next step may wait.
  absl::StatusOr<absl::Duration> Step(const StoredRun& run);
  absl::StatusOr<absl::Duration> WaitForSnapshot(const StoredRun& run, const v1::Rules& rules);
  absl::StatusOr<absl::Duration> ReplayParents(const StoredRun& run, const v1::SyncSchedule& pace,
                                               const std::string& parent_model);
  absl::StatusOr<absl::Duration> ReplayPage(const StoredRun& run, const v1::SyncSchedule& pace,
                                            bool is_of_parts);
  int PageSize(const v1::SyncSchedule& pace) const;
  // The records that a run brings next, and how far it is then.
  absl::StatusOr<std::vector<LoggedState>> NextPage(const StoredRun& run, int limit, StoredRun* next);
  absl::StatusOr<absl::Duration> Fail(const StoredRun& run, absl::string_view error);

  RunStore& runs_;
  ChangeLog& log_;
  ReplayWriter& replays_;
  StreamFeeder& feeder_;
  Catalogue& catalogue_;
  ChangeSource& source_;
  RuleChanges& rule_changes_;
  Schedules& schedules_;
  MirrorRuns& mirrors_;
  const Clock& clock_;
  const RunLoopOptions options_;
  Mutex mutex_;
  std::unique_ptr<Worker> worker_ ABSL_GUARDED_BY(mutex_);  // calls may come before Start
};

}  // namespace cognate::change_capture
