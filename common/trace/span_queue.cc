#include "common/trace/span_queue.h"

#include <algorithm>
#include <utility>

namespace cognate::trace {

// Never destroyed: threads that end late may still end a span.
SpanQueue& SpanQueue::The() {
  static SpanQueue* const queue = new SpanQueue();
  return *queue;
}

void SpanQueue::Open(double ratio, size_t capacity, std::function<void()> fills) {
  MutexLock lock(&mutex_);
  ratio_ = ratio;
  capacity_ = capacity;
  dropped_ = 0;
  fills_ = std::move(fills);
  spans_.clear();
  recording_ = true;
}

void SpanQueue::Close() {
  MutexLock lock(&mutex_);
  recording_ = false;
  fills_ = nullptr;
}

void SpanQueue::Offer(SpanRecord span) {
  MutexLock lock(&mutex_);
  if (!recording_) return;
  if (spans_.size() >= capacity_) {
    ++dropped_;
    return;
  }
  spans_.push_back(std::move(span));
  if (fills_ && spans_.size() == (capacity_ + 1) / 2) fills_();
}

std::vector<SpanRecord> SpanQueue::Take(size_t at_most) {
  MutexLock lock(&mutex_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(at_most, spans_.size()));
  std::vector<SpanRecord> taken(std::make_move_iterator(spans_.begin()),
                                std::make_move_iterator(spans_.begin() + count));
  spans_.erase(spans_.begin(), spans_.begin() + count);
  return taken;
}

size_t SpanQueue::size() const {
  MutexLock lock(&mutex_);
  return spans_.size();
}

int64_t SpanQueue::TakeDropped() {
  MutexLock lock(&mutex_);
  return std::exchange(dropped_, 0);
}

}  // namespace cognate::trace
