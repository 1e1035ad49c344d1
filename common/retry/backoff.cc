#include "common/retry/backoff.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/random/random.h"
#include "common/status/error.h"

namespace cognate {

double UniformRandom() {
  thread_local absl::InsecureBitGen generator;
  return absl::Uniform(generator, 0.0, 1.0);
}

absl::Duration BackoffCeiling(const BackoffPolicy& policy, int attempt) {
  return std::min(policy.initial * std::pow(policy.factor, std::max(attempt, 1) - 1), policy.max);
}

Backoff::Backoff(BackoffPolicy policy, Random random) : policy_(policy), random_(std::move(random)) {}

absl::Duration Backoff::Next() {
  ++attempts_;
  return std::max(BackoffCeiling(policy_, attempts_) * random_(), policy_.initial / 10);
}

bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

absl::Status RetryUntilStopped(StopToken& stop, Backoff& backoff, absl::FunctionRef<absl::Status()> call) {
  while (true) {
    absl::Status status = call();
    if (status.ok()) backoff.Reset();
    if (status.ok() || !IsTransient(status)) return status;
    absl::Duration wait = backoff.Next();
    if (const auto asked = RetryDelay(status)) wait = std::max(wait, *asked);
    if (stop.WaitFor(wait)) return status;
  }
}

}  // namespace cognate
