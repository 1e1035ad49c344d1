// A token bucket: how many a second. It holds a second's worth, and one at least.
#pragma once

#include <algorithm>
#include <cstddef>

#include "absl/time/time.h"

namespace cognate {

// Used by one thread.
class RateLimit {
 public:
  // Per second; 0: no limit. What was saved up stays, as far as it fits.
  void SetRate(double rate) { rate_ = rate; }

  // At most `wanted`; 0 when none may go yet.
  size_t Take(size_t wanted, absl::Time now) {
    if (rate_ <= 0) return wanted;
    const double room = std::max(1.0, rate_);
    saved_ = last_ == absl::InfinitePast()
                 ? room
                 : std::min(room, saved_ + rate_ * std::max(0.0, absl::ToDoubleSeconds(now - last_)));
    last_ = now;
    const auto count = std::min(wanted, static_cast<size_t>(saved_));
    saved_ -= static_cast<double>(count);
    return count;
  }
  // When the next one may go.
  absl::Time NextTime() const { return last_ + absl::Seconds(std::max(0.0, 1.0 - saved_) / rate_); }

 private:
  double rate_ = 0;
  double saved_ = 0;
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace cognate
