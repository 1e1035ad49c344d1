#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/bus/v1/event_batch.pb.h"
#include "common/redis/client.h"
#include "common/sync/mutex.h"
#include "common/worker/stop_token.h"
#include "services/feedback/events/event_store.h"

namespace cognate::feedback {

struct EventFeedOptions {
  redis::Options redis;
  std::string stream;                             // Where this process and others wake each other.
  absl::Duration poll = absl::Milliseconds(100);  // When nobody wakes, and there are watchers.
  int64_t cached_events = 50'000;
  std::function<void()> on_news = [] {};  // There is something to read that was not there before.
};

struct FeedBatch {
  int64_t sequence = 0;
  bus::v1::EventBatch events;
};

// Reads new event batches once for all watchers of this process. The newest are kept in memory; a watcher
// that is further behind reads the table at its own pace. Redis only wakes: without it, news are a poll late.
// Thread safe.
class EventFeed {
 public:
  EventFeed(EventStore& store, EventFeedOptions options) : store_(store), options_(std::move(options)) {}

  // A batch was committed by this process. Costs nothing worth speaking of.
  void Notify();

  // A watcher is there as long as this object.
  class Watcher {
   public:
    Watcher(EventFeed& feed, bool is_counted) : feed_(feed), is_counted_(is_counted) {}
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

   private:
    EventFeed& feed_;
    const bool is_counted_;
  };
  // RESOURCE_EXHAUSTED TOO_MANY_WATCHERS above `limit`; who has none does not count. `range` is what can be
  // read.
  absl::StatusOr<std::unique_ptr<Watcher>> Watch(std::optional<int> limit, EventRange* range);

  // Waits until there is something after `sequence`, or `timeout` has passed.
  void WaitBeyond(int64_t sequence, absl::Duration timeout);
  // Batches after `sequence` in order and without a gap, up to `limit`. OUT_OF_RANGE RESUME_TOKEN_EXPIRED
  // when the next one is gone.
  absl::StatusOr<std::vector<std::shared_ptr<const FeedBatch>>> Read(int64_t sequence, int limit);

  // The loops; each is the whole of one worker.
  void RunReader(StopToken& stop);
  void RunAnnouncer(StopToken& stop);
  void RunListener(StopToken& stop);

 private:
  absl::Status LoadNews();
  bool HasWatchers() const;
  void Wake(StopToken* EventFeed::*loop);

  EventStore& store_;
  const EventFeedOptions options_;

  mutable Mutex mutex_;
  CondVar news_;
  int watchers_ ABSL_GUARDED_BY(mutex_) = 0;
  int counted_ ABSL_GUARDED_BY(mutex_) = 0;   // of the watchers, those with a limit
  int64_t last_ ABSL_GUARDED_BY(mutex_) = 0;  // The newest sequence that was read.
  std::deque<std::shared_ptr<const FeedBatch>> cache_ ABSL_GUARDED_BY(mutex_);  // Without a gap, up to last_.
  int64_t cached_events_ ABSL_GUARDED_BY(mutex_) = 0;

  Mutex loops_mutex_;
  StopToken* reader_ ABSL_GUARDED_BY(loops_mutex_) = nullptr;
  StopToken* announcer_ ABSL_GUARDED_BY(loops_mutex_) = nullptr;
};

}  // namespace cognate::feedback
