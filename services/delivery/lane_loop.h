// The loop of one lane, a state machine between three narrow interfaces: its stream (LaneSource), its target
// (Channel) and feedback (Reporter).
//
//            Open fails                      target lost
//   CLOSED ───────────── CLOSED     OPEN ─────────────────▶ CLOSED     any ── lease or stop ──▶ end
//          ── Open ────▶ OPEN            ── round ──▶ OPEN             any ── lock or window ─▶ PAUSED ──▶
//          CLOSED
//
// Where nothing is left to do it returns, and the lane rests: OPEN with an empty stream and nothing due,
// CLOSED and PAUSED for as long as that is known beforehand.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/health/progress_monitor.h"
#include "common/retry/backoff.h"
#include "common/retry/rate_limit.h"
#include "common/sync/mutex.h"
#include "common/worker/stop_token.h"
#include "services/delivery/files.h"
#include "services/delivery/lane_lease.h"
#include "services/delivery/lane_metrics.h"
#include "services/delivery/lane_options.h"
#include "services/delivery/lane_rest.h"
#include "services/delivery/lane_source.h"
#include "services/delivery/lane_status.h"
#include "services/delivery/references.h"
#include "services/delivery/refiller.h"
#include "services/delivery/reporter.h"
#include "services/delivery/round.h"

namespace cognate::delivery {

// What a lane's loop works with; owned by the lane.
struct LaneParts {
  std::string platform;
  const LaneContext& context;
  const LaneLease& lease;
  LaneStatus& status;
  health::ProgressMonitor& progress;
  LaneMemory& memory;
};

class LaneLoop {
 public:
  // `reporter` outlives it.
  LaneLoop(const LaneParts& parts, Reporter& reporter, WakeCause cause);
  ~LaneLoop();

  // Until stopped, or until the lease is over; or until the lane is to rest, and then how.
  std::optional<Rest> Run(StopToken& stop);

  // From any thread: how long the target has kept the loop waiting, and the end of that wait.
  absl::Duration Waited() const;
  void Interrupt();
  // No refill is asked for any more.
  void StopRefills() { refiller_.RequestStop(); }
  bool refiller_finished() const { return refiller_.finished(); }

 private:
  class Called;

  bool Ended(const StopToken& stop) const;
  // CLOSED: one probe, and the wait after it.
  void Probe(StopToken& stop);
  // Rests until then if that is worth it; else waits for so long.
  void RestUntil(absl::Time until, absl::Duration otherwise, StopToken& stop);
  // What was told a moment ago is with feedback soon; false where it is not.
  bool AwaitReported(StopToken& stop);
  // OPEN: rests if nothing is left to do.
  void RestIfIdle();
  bool IsIdle() const;
  void SetRest(absl::Time until);
  // Whether the target asked to be left alone for longer, and nobody has changed the platform since.
  bool IsHeldOff(const v1::Platform& platform, absl::Time now) const;
  absl::Status Open(const v1::Platform& platform);
  // PAUSED, if the platform is now: nothing is sent, and what is due stays in the ledger.
  bool PauseIfDue(const v1::Platform& platform);
  // Has a change of the target's state told to Watch and to what waits for it.
  void Tell(v1::EventKind kind, const absl::Status& why);
  // OPEN: a refill if it is time, and one round.
  void Turn(StopToken& stop);
  absl::Status LookAround();
  void Close(const absl::Status& why);
  // Marks the lane closed for the transformer, and drops what is on it.
  void Empty(absl::string_view why);
  // UNAVAILABLE where the target is lost, else OK; the round is reported unless the loop ends before.
  absl::Status Deliver(std::vector<LaneEntry> entries, StopToken& stop);
  bool FillReferences(Round& round, StopToken& stop);
  absl::Status SendWaves(Round& round, StopToken& stop);
  absl::StatusOr<std::vector<v1::Outcome>> Apply(absl::Span<const Outgoing> deliveries);
  absl::Status Send(Round& round, Waves::Wave wave, StopToken& stop);
  absl::Status SendNow(Round& round, Waves::Wave wave, StopToken& stop);
  // How many of these may go now; waits until one may. 0 when the loop ends.
  size_t AwaitRoom(size_t wanted, StopToken& stop);
  absl::Status SendCollided(Round& round, StopToken& stop);
  void Report(Round& round, bool is_over);
  void Complete(RoundItem& item, absl::Time now);
  // Whether the target had no such record before it took this one.
  bool IsNew(const RoundItem& item);

  const LaneParts parts_;
  const LaneContext& context_;
  Reporter& reporter_;
  LaneMemory& memory_;
  LaneSource source_;
  References references_;
  Files files_;
  Refiller refiller_;
  Backoff redis_backoff_;
  LaneMetrics metrics_;

  std::unique_ptr<Channel> channel_;  // while open
  mutable Mutex mutex_;
  Channel* called_ ABSL_GUARDED_BY(mutex_) = nullptr;  // while a call of it is under way
  absl::Time called_time_ ABSL_GUARDED_BY(mutex_);
  v1::Platform platform_;  // as it was last seen
  RateLimit rate_limit_;
  const WakeCause cause_;
  bool was_closed_ = false;                            // before the last Open, by whichever process
  bool comes_by_itself_ = false;                       // the target of the last Open
  absl::Time last_entry_time_ = absl::InfinitePast();  // of this spell of work
  std::optional<Rest> rest_;
  absl::Time look_around_time_ = absl::InfinitePast();
  int64_t seen_batches_ = 0;  // when it last looked
  absl::Time platform_time_ = absl::InfinitePast();
};

}  // namespace cognate::delivery
