// How a loop learns that it must end, and how it waits without missing that. Thread safe; the owner outlives
// its users.
#pragma once

#include <atomic>

#include "absl/time/time.h"
#include "common/sync/mutex.h"

namespace cognate {

class StopToken {
 public:
  StopToken() = default;
  StopToken(const StopToken&) = delete;
  StopToken& operator=(const StopToken&) = delete;

  // Cheap enough for every turn of a loop.
  bool stopping() const { return stopping_.load(std::memory_order_acquire); }

  // Waits until stopped, woken or `duration` passed; true when stopping. A Wake that came before the wait
  // ends it at once.
  bool WaitFor(absl::Duration duration);

  // Ends the current WaitFor (or the next one) early: there is work.
  void Wake();

  // Final. Ends every wait.
  void Stop();

 private:
  std::atomic<bool> stopping_ = false;
  Mutex mutex_;
  CondVar changed_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cognate
