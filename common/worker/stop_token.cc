#include "common/worker/stop_token.h"

#include "absl/time/clock.h"

namespace cognate {

bool StopToken::WaitFor(absl::Duration duration) {
  const absl::Time deadline = absl::Now() + duration;
  MutexLock lock(&mutex_);
  while (!stopping() && !woken_) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) break;
    changed_.WaitFor(&mutex_, left);
  }
  woken_ = false;
  return stopping();
}

void StopToken::Wake() {
  MutexLock lock(&mutex_);
  woken_ = true;
  changed_.SignalAll();
}

void StopToken::Stop() {
  MutexLock lock(&mutex_);
  stopping_.store(true, std::memory_order_release);
  changed_.SignalAll();
}

}  // namespace cognate
