#pragma once

#include "common/sync/mutex.h"
#include "common/worker/stop_token.h"

namespace cognate::feedback {

// Wakes the redrive loop, if there is one, because something was made due in this process. Thread safe.
class RedriveSignal {
 public:
  void Notify() {
    MutexLock lock(&mutex_);
    if (loop_ != nullptr) loop_->Wake();
  }
  // Null when the loop ends.
  void SetLoop(StopToken* loop) {
    MutexLock lock(&mutex_);
    loop_ = loop;
  }

 private:
  Mutex mutex_;
  StopToken* loop_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace cognate::feedback
