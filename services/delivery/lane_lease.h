// What a lane knows of its own lease: until when it may work. Thread safe.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"

namespace cognate::delivery {

class LaneLease {
 public:
  explicit LaneLease(int64_t fence, absl::Time until) : fence_(fence) { Extend(until); }

  // Counts from before the renewal was asked for, so that it ends here before it ends in the database.
  void Extend(absl::Time until) { until_nanos_.store(absl::ToUnixNanos(until), std::memory_order_release); }
  bool Held(absl::Time now) const {
    return absl::ToUnixNanos(now) < until_nanos_.load(std::memory_order_acquire);
  }
  // Rises with each owner.
  int64_t fence() const { return fence_; }

 private:
  const int64_t fence_;
  std::atomic<int64_t> until_nanos_;
};

}  // namespace cognate::delivery
