// Memory that many share: whoever wants more than there is waits.
#pragma once

#include <cstdint>

#include "common/sync/mutex.h"

namespace cognate::file_transfer {

// Thread safe.
class ByteBudget {
 public:
  explicit ByteBudget(int64_t bytes) : bytes_(bytes) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // Waits until there is room. What alone is more than all is let in when nothing else is.
  void Take(int64_t bytes) {
    MutexLock lock(&mutex_);
    while (taken_ > 0 && taken_ + bytes > bytes_) given_.Wait(&mutex_);
    taken_ += bytes;
  }
  void Give(int64_t bytes) {
    MutexLock lock(&mutex_);
    taken_ -= bytes;
    given_.SignalAll();
  }

 private:
  const int64_t bytes_;
  Mutex mutex_;
  CondVar given_;
  int64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace cognate::file_transfer
