// Puts committed batches on the stream `changes`, and on it again when Redis has lost them.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/clock/clock.h"
#include "common/health/progress_monitor.h"
#include "common/metrics/metrics.h"
#include "common/metrics/standing.h"
#include "common/redis/client.h"
#include "common/sync/mutex.h"
#include "common/trace/context.h"
#include "common/worker/worker.h"
#include "services/change_capture/batch_store.h"
#include "services/change_capture/change_log.h"

namespace cognate::change_capture {

// A batch that was committed as queued, ready for the stream.
struct EncodedBatch {
  int64_t batch_id = 0;
  std::string payload;
  absl::Time queue_time;
  trace::SpanContext trace = {};  // of which it is a part
};

struct StreamFeederOptions {
  std::string stream;
  // The stream is full beyond either; what is committed then waits in the log, and follows as the stream
  // drains. Bytes are counted over what this process has put there.
  int64_t max_entries = 4000;
  int64_t max_bytes = 48 << 20;
  // Batches between commit and Redis; beyond it they take the way through the log.
  int64_t max_offered_bytes = 16 << 20;
  // A batch that is this much older than the oldest entry of the stream is not on it. Must exceed the
  // difference of the clocks of Postgres and Redis.
  absl::Duration grace = absl::Seconds(2);
  absl::Duration sweep_interval = absl::Seconds(1);
  int max_lost_per_sweep = 1000;
};

// One thread with one connection to Redis. In the direct state batches come from memory, right after their
// commit. In every other state (Redis is away, the stream is full, batches wait in the log) commits leave
// them to the log, and the feeder takes them from there in their order while the stream has room, until none
// waits: then it is direct again. Batches that other processes have left in the log are found within a
// sweep's interval. Thread safe.
class StreamFeeder {
 public:
  StreamFeeder(redis::Options redis, BatchStore& store, ChangeLog& log, const Clock& clock,
               metrics::Registry& metrics, StreamFeederOptions options);
  ~StreamFeeder();

  // Whether the next batch shall be committed as queued and be offered, or as waiting and be noticed.
  bool Direct() const { return direct_.load(); }
  // Never waits.
  void Offer(std::vector<EncodedBatch> batches);
  void NoticeUnqueued();
  // The same for batches that are parts of a trace.
  void NoticeUnqueued(absl::Span<const int64_t> batch_ids, const trace::SpanContext& trace);
  // Entries of the stream when it was last looked at, a few milliseconds ago while there is work.
  int64_t entry_count() const { return entry_count_.load(); }

  void Start();
  // What was offered before is on the stream afterwards, or waits in the log.
  void Stop();
  // Capture goes on without Redis, so that a stream that is away alone is no fault until it has been so for
  // long.
  absl::Status Healthy() const { return monitor_.Check(); }

 private:
  using EntryId = std::pair<int64_t, int64_t>;
  struct OwnEntry {
    EntryId id;
    int64_t bytes;
  };

  void Run(StopToken& stop);
  struct Pause {
    absl::Duration duration;
    bool ends_with_work;  // false: neither room nor Redis comes sooner because there is more to do
  };
  Pause NextPause(bool succeeded) const;
  std::vector<EncodedBatch> TakeOffered(Pause pause);
  absl::Status Step(std::vector<EncodedBatch>& offered);
  absl::Status Put(std::vector<EncodedBatch>& offered);
  void Finish();
  absl::Status Connect();
  absl::Status Look();
  bool HasRoom() const;
  absl::Status Add(absl::Span<const EncodedBatch> batches);
  absl::Status FeedFromLog();
  absl::StatusOr<EncodedBatch> Encode(const StoredBatch& batch, absl::Time queue_time);
  void SetAside(absl::Span<const EncodedBatch> batches);
  void Remember(int64_t batch_id, const trace::SpanContext& trace) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  trace::SpanContext Recall(int64_t batch_id);
  absl::Status ReturnSetAside();
  absl::Status Sweep();
  // For people who look on; never a reason to stand still. What the log says is shown without Redis, too.
  void LookAtLog();
  void ShowRuns(const std::vector<UnfinishedRuns>& runs);
  void ShowConflicts(const std::map<std::string, int64_t>& open);
  void ShowDrift(const std::map<std::string, int64_t>& by_sync);
  void LookAtRedis();
  void UpdateDirect(bool succeeded);

  const redis::Options redis_options_;
  const StreamFeederOptions options_;
  BatchStore& store_;
  ChangeLog& log_;
  const Clock& clock_;
  health::ProgressMonitor monitor_;
  metrics::Gauge& entries_gauge_;
  metrics::Counter& refed_;
  metrics::Gauge& redis_used_;
  metrics::Gauge& redis_max_;
  metrics::Counter& redis_evicted_;
  metrics::Family<metrics::Gauge> unfinished_runs_;
  metrics::Family<metrics::Gauge> open_conflicts_;
  metrics::Family<metrics::Gauge> drift_;
  metrics::OldestPending oldest_;
  std::atomic<bool> direct_{false};
  std::atomic<bool> unqueued_{true};  // batches may wait in the log
  std::atomic<int64_t> entry_count_{0};

  // The worker's alone.
  std::unique_ptr<redis::Client> redis_;
  std::deque<OwnEntry> own_entries_;
  int64_t own_bytes_ = 0;
  std::optional<absl::Time> oldest_entry_;
  absl::Time looked_ = absl::InfinitePast();
  absl::Time swept_ = absl::InfinitePast();
  absl::Time log_looked_ = absl::InfinitePast();
  absl::Time redis_looked_ = absl::InfinitePast();
  // By target, and whether they are held. Those to nobody are shown before there is any.
  std::map<std::pair<std::string, bool>, int64_t> shown_runs_ = {{{"", false}, 0}, {{"", true}, 0}};
  std::map<std::string, int64_t> shown_conflicts_;
  std::map<std::string, metrics::Gauge*> shown_drift_;
  int64_t evicted_keys_ = 0;  // that are counted

  mutable Mutex mutex_;
  CondVar offered_changed_;
  std::vector<EncodedBatch> offered_ ABSL_GUARDED_BY(mutex_);
  int64_t offered_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<int64_t> set_aside_ ABSL_GUARDED_BY(mutex_);  // committed as queued, but not put on the stream
  // Of batches that wait in the log, which does not keep it. What another process commits, or the one before
  // this did, begins a trace of its own.
  absl::flat_hash_map<int64_t, trace::SpanContext> traces_ ABSL_GUARDED_BY(mutex_);
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::change_capture
