// How an upload waits for a service that is away.
#pragma once

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/retry/backoff.h"
#include "common/status/error.h"

namespace cognate::files {

// Whether the same call may go well a moment later.
inline bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsCancelled(status) || absl::IsDeadlineExceeded(status) ||
         ErrorReason(status) == "UPLOAD_IN_USE";
}

class Patience {
 public:
  explicit Patience(absl::Duration patience) : patience_(patience), since_(absl::Now()) {}

  // Something went well.
  void Reset() {
    since_ = absl::Now();
    backoff_.Reset();
  }
  // False where waiting is of no use, or was long enough.
  bool Wait(const absl::Status& status) {
    if (!MayPass(status) || absl::Now() - since_ > patience_) return false;
    absl::SleepFor(std::max(backoff_.Next(), RetryDelay(status).value_or(absl::ZeroDuration())));
    return true;
  }

 private:
  const absl::Duration patience_;
  Backoff backoff_{{absl::Milliseconds(50), 2.0, absl::Seconds(2)}};
  absl::Time since_;
};

}  // namespace cognate::files
