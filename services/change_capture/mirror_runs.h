// Runs of kind MIRROR: they remove the records of a sync's target model that no record of its source model
// belongs to.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/sync.pb.h"
#include "common/clock/clock.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/change_source.h"
#include "services/change_capture/conflicts/owed_store.h"
#include "services/change_capture/expansions/part_set_store.h"
#include "services/change_capture/replay_writer.h"
#include "services/change_capture/run_store.h"
#include "services/clients/registry_client.h"

namespace cognate::change_capture {

struct MirrorOptions {
  int page_records = 500;
  // How long a source record that is not on the target yet is waited for: it may be on its way.
  absl::Duration patience = absl::Seconds(30);
  absl::Duration wait = absl::Milliseconds(200);
};

// One run's states; each step is committed before the next:
//
//   COUNTING ─ few are extra ─▶ RUNNING ─ last page ─▶ DONE
//       └─ too many ─▶ HELD ─ ApproveRun ─▶ RUNNING
//       and FAILED where it cannot be known any more what is extra
//
// COUNTING and RUNNING go through both models, by their latest states in the log: first the source's, every
// one of which must be on the target; so whatever was on its way when the run began is settled, and the
// ledger can tell. Then the target's, as far as they are not newer than the run: extra is one whose entity
// has no living record of the source model. RUNNING writes for each of these an amended delete into the log,
// unless the record was changed meanwhile; from there it is delivered as any change is. Where many
// more are extra by then than were counted it fails.
class MirrorRuns {
 public:
  MirrorRuns(RunStore& runs, ChangeLog& log, PartSetStore& part_sets, ReplayWriter& replays, OwedStore& owed,
             StreamFeeder& feeder, Catalogue& catalogue, ChangeSource& source,
             clients::RegistryClient& registry, const Clock& clock, MirrorOptions options = {})
      : runs_(runs),
        log_(log),
        part_sets_(part_sets),
        replays_(replays),
        owed_(owed),
        feeder_(feeder),
        catalogue_(catalogue),
        source_(source),
        registry_(registry),
        clock_(clock),
        options_(options) {}

  // Thread safe. FAILED_PRECONDITION MIRROR_REFUSED where it cannot be known which records are extra.
  absl::Status Check(const v1::CompiledSync& compiled);
  // One thread's. How long the next step may wait.
  absl::StatusOr<absl::Duration> Step(const StoredRun& run, const v1::CompiledSync& compiled);

 private:
  absl::Status CheckRules(const v1::CompiledSync& compiled);
  absl::Status CheckCaptured(const v1::Sync& sync, const std::string& platform, const std::string& model,
                             absl::string_view side);
  // Parts: every parent has come to all of them.
  absl::Status CheckExpanded(const v1::Sync& sync);
  absl::StatusOr<bool> HasLivingRecord(const std::string& platform, const std::string& model);
  absl::StatusOr<absl::Duration> LookAtSource(const StoredRun& run, const v1::Sync& sync,
                                              const std::string& after);
  absl::StatusOr<absl::Duration> LookAtTarget(const StoredRun& run, const v1::Sync& sync,
                                              const std::string& after);
  // For each of the records whether the other model has a living record of its entity.
  absl::StatusOr<std::vector<bool>> HaveOther(const std::vector<LoggedState>& states,
                                              const std::string& platform, const std::string& model);
  absl::StatusOr<absl::Duration> Remove(const StoredRun& run, const v1::Sync& sync, StoredRun next,
                                        std::vector<LoggedState> extra);
  absl::StatusOr<absl::Duration> Move(const StoredRun& run, const StoredRun& next);
  absl::StatusOr<absl::Duration> Fail(const StoredRun& run, absl::string_view why);

  RunStore& runs_;
  ChangeLog& log_;
  PartSetStore& part_sets_;
  ReplayWriter& replays_;
  OwedStore& owed_;
  StreamFeeder& feeder_;
  Catalogue& catalogue_;
  ChangeSource& source_;
  clients::RegistryClient& registry_;
  const Clock& clock_;
  const MirrorOptions options_;
  // Since when a run waits for a source record, and for which.
  absl::flat_hash_map<std::string, std::pair<std::string, absl::Time>> waiting_;
};

}  // namespace cognate::change_capture
