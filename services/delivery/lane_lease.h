// What is known here of leases: until when this process may work. Thread safe.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"

namespace cognate::delivery {

// Of all lanes of a process.
class ProcessLease {
 public:
  // Counts from before the renewal was asked for, so that it ends here before it ends in the database.
  void Extend(absl::Time until) { until_nanos_.store(absl::ToUnixNanos(until), std::memory_order_release); }
  bool Held(absl::Time now) const {
    return absl::ToUnixNanos(now) < until_nanos_.load(std::memory_order_acquire);
  }

 private:
  std::atomic<int64_t> until_nanos_{0};
};

// Of one lane. What is taken from this lane alone ends by its stop.
class LaneLease {
 public:
  // `process` outlives it.
  LaneLease(int64_t fence, const ProcessLease& process) : fence_(fence), process_(process) {}

  bool Held(absl::Time now) const { return process_.Held(now); }
  // Rises with each owner.
  int64_t fence() const { return fence_; }

 private:
  const int64_t fence_;
  const ProcessLease& process_;
};

}  // namespace cognate::delivery
