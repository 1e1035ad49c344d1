// Writes changes into the change log: the one place where versions are given.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/health/progress_monitor.h"
#include "common/metrics/metrics.h"
#include "common/postgres/pool.h"
#include "common/sync/mutex.h"
#include "common/trace/context.h"
#include "common/worker/worker.h"
#include "services/change_capture/append_store.h"
#include "services/change_capture/captured_change.h"
#include "services/change_capture/source_store.h"

namespace cognate::change_capture {

class AppendPlan;
class StreamFeeder;
struct WrittenBatches;

// Keeps groups of one sender in order: once one of them has failed, those behind it fail as well and nothing
// of them is written, until the sender has them all back and mends the chain. Otherwise a failed group that
// is sent again would come after changes that it happened before.
class AppendChain {
 public:
  bool broken() const { return broken_.load(); }
  void Break() { broken_.store(true); }
  void Mend() { broken_.store(false); }

 private:
  std::atomic<bool> broken_{false};
};

// Changes that are committed together, all or none (but for those that are refused one by one).
struct AppendGroup {
  std::vector<CapturedChange> changes;  // in the order in which they happened; may be empty with what follows
  // A source's: the position behind the group is committed with it. Out of turn (SourceOutOfTurn) nothing of
  // the group is written.
  std::optional<SourceAdvance> advance;
  // Runs inside the same transaction, before the changes are written: a source saves the progress of its
  // snapshots here. May run more than once; only the last run counts. If it fails, nothing of the group is
  // written.
  std::function<absl::Status(postgres::Transaction&)> along;
  // Called once when the answer is there, by the appender's thread (or within Append when it is refused):
  // wakes a loop that waits for more than the answer. Returns at once.
  std::function<void()> answered;
  // Never refused for a full backlog: for a sender that waits with WaitForRoom and keeps few groups in
  // flight.
  bool always_room = false;
  std::shared_ptr<AppendChain> chain;  // optional
  trace::SpanContext trace;            // what is current where it is appended
};

// What became of a group that was committed; both as long as `changes`.
struct Appended {
  std::vector<int64_t>
      versions;  // 0 where refused; a known change_id with equal content has its first version
  std::vector<absl::Status> refused;  // empty if none was; otherwise OK or CHANGE_ID_REUSED for each
};

struct AppenderOptions {
  int max_changes_per_commit = 2000;
  int64_t max_bytes_per_commit = 4 << 20;
  // Beyond this backlog Append refuses and WaitForRoom waits.
  int64_t max_queued_changes = 40'000;
  int64_t max_queued_bytes = 64 << 20;
};

// Group commit by one thread: while one commit runs, the next group forms; with nobody else waiting a change
// is committed at once. A group that is larger than a commit's bounds is committed alone. Versions rise
// without gaps in commit order, over all processes. Thread safe.
class Appender {
 public:
  Appender(postgres::Pool& pool, StreamFeeder& feeder, std::function<int64_t()> rules_revision,
           const Clock& clock, metrics::Registry& metrics, AppenderOptions options = {});
  ~Appender();

  // The answer comes after the commit. RESOURCE_EXHAUSTED CAPTURE_OVERLOADED (with RetryInfo) at once when
  // the backlog is full; UNAVAILABLE when the database is not there: whether the group was written is then
  // unknown, so a source reads its position again, and a client sends the same change ids again. UNAVAILABLE
  // STOPPING after Stop; ABORTED with a broken chain.
  std::future<absl::StatusOr<Appended>> Append(AppendGroup group);
  // The same for a caller that may have to append the group again: it is whole as long as the answer is an
  // error.
  std::future<absl::StatusOr<Appended>> Append(std::shared_ptr<AppendGroup> group);

  // Waits until the backlog has room; false if that took longer than `timeout` or the appender has stopped.
  // For callers that would rather wait than be refused; with several of them Append may refuse all the same:
  // wait again.
  bool WaitForRoom(absl::Duration timeout);

  void Start();
  // Commits what is queued, then ends.
  void Stop();
  absl::Status Healthy() const { return monitor_.Check(); }

 private:
  struct Waiting {
    std::shared_ptr<AppendGroup> group;
    int64_t bytes = 0;
    std::promise<absl::StatusOr<Appended>> answer;
  };

  static void Answer(Waiting& waiting, absl::StatusOr<Appended> answer);
  static void Refuse(Waiting& waiting, const absl::Status& status);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();
  // Empty when the appender has stopped and nothing is left.
  std::vector<Waiting> TakeNext();
  void AwaitWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Commit(std::vector<Waiting> waiting);
  void CommitTogether(std::vector<Waiting>& waiting);
  absl::Status Write(AppendPlan& plan, absl::Span<AppendGroup* const> groups, WrittenBatches* written);
  void PutOnStream(const AppendPlan& plan, const WrittenBatches& written, const trace::SpanContext& commit);

  StreamFeeder& feeder_;
  const std::function<int64_t()> rules_revision_;
  const Clock& clock_;
  const AppenderOptions options_;
  AppendStore store_;  // the worker's alone, as is what follows
  bool expects_known_ =
      false;  // the last group held changes that were known already: such groups come in a row
  bool refused_all_ = false;  // by the last commit, for a fault of the database
  health::ProgressMonitor monitor_;
  metrics::Counter& commits_;
  metrics::Counter& changes_;
  metrics::Histogram& group_size_;
  metrics::Histogram& duration_;

  Mutex mutex_;
  CondVar queued_;
  CondVar room_;
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mutex_);
  int64_t queued_changes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::change_capture
