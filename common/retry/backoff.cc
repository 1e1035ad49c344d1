#include "common/retry/backoff.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/random/random.h"

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

bool InsistUntilStopped(StopToken& stop, const BackoffPolicy& policy, absl::FunctionRef<absl::Status()> call,
                        absl::FunctionRef<void(const absl::Status&)> failed) {
  Backoff backoff(policy);
  while (true) {
    const absl::Status status = call();
    if (status.ok()) return true;
    failed(status);
    if (stop.WaitFor(backoff.Next())) return false;
  }
}

}  // namespace cognate
