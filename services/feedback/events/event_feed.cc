#include "services/feedback/events/event_feed.h"

#include <utility>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

constexpr int kReadBatches = 64;
constexpr int64_t kStreamLength = 16;  // Entries say nothing but "look".
constexpr absl::Duration kReconnect = absl::Seconds(1);

std::shared_ptr<const FeedBatch> Decode(const StoredBatch& stored) {
  auto batch = std::make_shared<FeedBatch>();
  batch->sequence = stored.sequence;
  if (!batch->events.ParseFromString(stored.payload)) {
    log::Error("event_batch_unreadable", {{"sequence", stored.sequence}});
    batch->events.Clear();
  }
  return batch;
}

}  // namespace

EventFeed::Watcher::~Watcher() {
  MutexLock lock(&feed_.mutex_);
  if (is_counted_) --feed_.counted_;
  if (--feed_.watchers_ > 0) return;
  feed_.cache_.clear();
  feed_.cached_events_ = 0;
}

absl::StatusOr<std::unique_ptr<EventFeed::Watcher>> EventFeed::Watch(std::optional<int> limit,
                                                                     EventRange* range) {
  ASSIGN_OR_RETURN(*range, store_.Range());
  {
    MutexLock lock(&mutex_);
    if (limit && counted_ >= *limit) return TooManyWatchers(*limit);
    if (limit) ++counted_;
    if (watchers_++ == 0) last_ = range->last;
  }
  Wake(&EventFeed::reader_);
  return std::make_unique<Watcher>(*this, limit.has_value());
}

void EventFeed::Notify() {
  Wake(&EventFeed::reader_);
  Wake(&EventFeed::announcer_);
}

void EventFeed::Wake(StopToken* EventFeed::*loop) {
  MutexLock lock(&loops_mutex_);
  if (this->*loop != nullptr) (this->*loop)->Wake();
}

bool EventFeed::HasWatchers() const {
  MutexLock lock(&mutex_);
  return watchers_ > 0;
}

void EventFeed::WaitBeyond(int64_t sequence, absl::Duration timeout) {
  MutexLock lock(&mutex_);
  if (last_ <= sequence) news_.WaitFor(&mutex_, timeout);
}

absl::StatusOr<std::vector<std::shared_ptr<const FeedBatch>>> EventFeed::Read(int64_t sequence, int limit) {
  std::vector<std::shared_ptr<const FeedBatch>> batches;
  {
    MutexLock lock(&mutex_);
    if (sequence >= last_) return batches;
    if (!cache_.empty() && cache_.front()->sequence <= sequence + 1) {
      for (auto at = static_cast<size_t>(sequence + 1 - cache_.front()->sequence);
           at < cache_.size() && batches.size() < static_cast<size_t>(limit); ++at) {
        batches.push_back(cache_[at]);
      }
      return batches;
    }
  }
  ASSIGN_OR_RETURN(const std::vector<StoredBatch> stored, store_.Read(sequence, limit));
  if (stored.empty() || stored.front().sequence != sequence + 1) return ResumeTokenExpired();
  for (const StoredBatch& batch : stored) batches.push_back(Decode(batch));
  return batches;
}

absl::Status EventFeed::LoadNews() {
  while (true) {
    int64_t last;
    {
      MutexLock lock(&mutex_);
      last = last_;
    }
    ASSIGN_OR_RETURN(const std::vector<StoredBatch> stored, store_.Read(last, kReadBatches));
    if (stored.empty()) return absl::OkStatus();
    std::vector<std::shared_ptr<const FeedBatch>> batches;
    for (const StoredBatch& batch : stored) batches.push_back(Decode(batch));
    MutexLock lock(&mutex_);
    if (watchers_ == 0) return absl::OkStatus();
    if (last_ != last) continue;  // The last watcher went and a first one came meanwhile.
    if (batches.front()->sequence != last + 1) cache_.clear(), cached_events_ = 0;  // Retention was faster.
    for (auto& batch : batches) {
      cached_events_ += batch->events.kinds_size();
      cache_.push_back(std::move(batch));
    }
    while (cache_.size() > 1 && cached_events_ > options_.cached_events) {
      cached_events_ -= cache_.front()->events.kinds_size();
      cache_.pop_front();
    }
    last_ = cache_.back()->sequence;
    news_.SignalAll();
    options_.on_news();
  }
}

void EventFeed::RunReader(StopToken& stop) {
  {
    MutexLock lock(&loops_mutex_);
    reader_ = &stop;
  }
  while (!stop.stopping()) {
    const bool watched = HasWatchers();
    if (watched) {
      const absl::Status loaded = LoadNews();
      if (!loaded.ok()) log::Warn("read_events", {{"status", loaded}});
    }
    stop.WaitFor(watched ? options_.poll : absl::Minutes(1));
  }
  MutexLock lock(&loops_mutex_);
  reader_ = nullptr;
}

void EventFeed::RunAnnouncer(StopToken& stop) {
  {
    MutexLock lock(&loops_mutex_);
    announcer_ = &stop;
  }
  std::unique_ptr<redis::Client> redis;
  while (!stop.WaitFor(absl::Minutes(1))) {
    if (redis == nullptr) redis = redis::Client::Connect(options_.redis).value_or(nullptr);
    if (redis == nullptr || !redis->Add(options_.stream, "", kStreamLength).ok()) {
      stop.WaitFor(kReconnect);  // Watchers elsewhere poll meanwhile.
    }
  }
  MutexLock lock(&loops_mutex_);
  announcer_ = nullptr;
}

void EventFeed::RunListener(StopToken& stop) {
  std::unique_ptr<redis::Client> redis;
  std::string after;
  while (!stop.stopping()) {
    if (!HasWatchers()) {
      after.clear();
      stop.WaitFor(options_.poll);
      continue;
    }
    if (redis == nullptr) redis = redis::Client::Connect(options_.redis).value_or(nullptr);
    absl::Status status = absl::UnavailableError("redis");
    if (redis != nullptr && after.empty()) {
      absl::StatusOr<std::string> newest = redis->LastId(options_.stream);
      if (newest.ok()) after = *newest;
    }
    if (redis != nullptr && !after.empty()) {
      absl::StatusOr<std::vector<redis::Entry>> entries =
          redis->Read(options_.stream, after, 1000, options_.poll);
      status = entries.status();
      if (entries.ok() && !entries->empty()) {
        after = entries->back().id;
        Wake(&EventFeed::reader_);
      }
    }
    if (!status.ok()) {
      after.clear();  // A Redis that comes back may number anew.
      stop.WaitFor(kReconnect);
    }
  }
}

}  // namespace cognate::feedback
