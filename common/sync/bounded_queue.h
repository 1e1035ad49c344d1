// A queue between threads with a bound: a full queue makes the producer wait, a closed and empty one ends the
// consumer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"

namespace cognate {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t bound) : bound_(bound) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  // Blocks while the queue is full; false (and `item` is dropped) when it is closed.
  bool Push(T item) {
    MutexLock lock(&mutex_);
    while (!closed_ && items_.size() >= bound_) not_full_.Wait(&mutex_);
    if (closed_) return false;
    items_.push_back(std::move(item));
    not_empty_.Signal();
    return true;
  }

  // Up to `max` items in order, as soon as there is one. Empty: closed and drained, or `timeout` passed.
  std::vector<T> PopBatch(size_t max, absl::Duration timeout = absl::InfiniteDuration()) {
    const absl::Time deadline = absl::Now() + timeout;
    MutexLock lock(&mutex_);
    while (items_.empty() && !closed_) {
      const absl::Duration left = deadline - absl::Now();
      if (left <= absl::ZeroDuration()) return {};
      not_empty_.WaitFor(&mutex_, left);
    }
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>(std::min(max, items_.size()));
    std::vector<T> batch(std::make_move_iterator(items_.begin()), std::make_move_iterator(end));
    items_.erase(items_.begin(), end);
    not_full_.SignalAll();
    return batch;
  }

  // What is queued can still be popped; nothing more can be pushed.
  void Close() {
    MutexLock lock(&mutex_);
    closed_ = true;
    not_full_.SignalAll();
    not_empty_.SignalAll();
  }

  bool closed() const {
    MutexLock lock(&mutex_);
    return closed_;
  }

  size_t size() const {
    MutexLock lock(&mutex_);
    return items_.size();
  }

 private:
  const size_t bound_;
  mutable Mutex mutex_;
  CondVar not_full_;
  CondVar not_empty_;
  std::deque<T> items_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cognate
