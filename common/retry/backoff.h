// How long to wait before the next try: exponential, bounded, with full jitter, so that many callers do not
// return in step.
#pragma once

#include <functional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/worker/stop_token.h"

namespace cognate {

struct BackoffPolicy {
  absl::Duration initial = absl::Milliseconds(100);
  double factor = 2.0;
  absl::Duration max = absl::Seconds(30);
};

// Uniform in [0, 1).
using Random = std::function<double()>;
double UniformRandom();

// The longest wait before try number `attempt` + 1 (`attempt` counts failures, from 1): initial ·
// factor^(attempt-1) ≤ max.
absl::Duration BackoffCeiling(const BackoffPolicy& policy, int attempt);

// Counts failures and gives the wait after each. Not thread safe.
class Backoff {
 public:
  explicit Backoff(BackoffPolicy policy, Random random = UniformRandom);

  // The wait after one more failure: random · ceiling, and never less than a tenth of the initial wait.
  absl::Duration Next();
  // After a success.
  void Reset() { attempts_ = 0; }
  int attempts() const { return attempts_; }

 private:
  const BackoffPolicy policy_;
  const Random random_;
  int attempts_ = 0;
};

// Whether the same call may succeed later: UNAVAILABLE, ABORTED, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED.
bool IsTransient(const absl::Status& status);

// For what must not be given up, whatever the error is: calls until OK, or until stopping, but once in any
// case. `failed` hears of every error. False when it was stopped before it was OK.
bool InsistUntilStopped(StopToken& stop, const BackoffPolicy& policy, absl::FunctionRef<absl::Status()> call,
                        absl::FunctionRef<void(const absl::Status&)> failed);

}  // namespace cognate
