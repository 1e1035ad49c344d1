// Between those whose spans end and the thread that exports them.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "common/sync/mutex.h"
#include "common/trace/span.h"

namespace cognate::trace {

// One for the process, since spans end everywhere. Thread safe. Nobody ever waits for room.
class SpanQueue {
 public:
  static SpanQueue& The();

  bool recording() const { return recording_.load(std::memory_order_relaxed); }
  // What part of the traces that begin here are sampled.
  double ratio() const { return ratio_.load(std::memory_order_relaxed); }

  // From now on spans are kept, at most `capacity` at a time. `fills` is called, by whoever's span ends, when
  // the queue is half full; it returns at once.
  void Open(double ratio, size_t capacity, std::function<void()> fills);
  // Nothing is kept any more, and `fills` is not called after this; what is there can still be taken.
  void Close();

  void Offer(SpanRecord span);
  std::vector<SpanRecord> Take(size_t at_most);
  size_t size() const;
  // Since it was last asked: spans that found no room.
  int64_t TakeDropped();

 private:
  std::atomic<bool> recording_ = false;
  std::atomic<double> ratio_ = 1;
  mutable Mutex mutex_;
  std::deque<SpanRecord> spans_ ABSL_GUARDED_BY(mutex_);
  size_t capacity_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<void()> fills_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::trace
