// Whether a body that comes in pieces comes fast enough.
#pragma once

#include <cstddef>

#include "absl/time/time.h"

namespace cognate::http {

// Only the time counts in which its client is waited for: in each `patience` of it some bytes must come, or
// the client holds what others need and sends nothing.
class BodyPace {
 public:
  void Ask(absl::Duration now) { asked_at_ = now; }

  void Take(absl::Duration now, size_t bytes) {
    waited_ += now - asked_at_;
    asked_at_ = absl::InfiniteDuration();
    bytes_ += bytes;
    if (bytes_ < kFewestBytes) return;
    waited_ = absl::ZeroDuration();
    bytes_ = 0;
  }

  bool IsTooSlow(absl::Duration now, absl::Duration patience) const {
    const bool is_asked = asked_at_ < absl::InfiniteDuration();
    return is_asked && waited_ + (now - asked_at_) > patience;
  }

 private:
  static constexpr size_t kFewestBytes = 16 << 10;

  absl::Duration asked_at_ = absl::InfiniteDuration();
  absl::Duration waited_;  // Since the last kFewestBytes.
  size_t bytes_ = 0;
};

}  // namespace cognate::http
