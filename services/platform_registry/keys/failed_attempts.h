// How often tokens from an address were refused: who tries many is told to wait. For this process alone, and
// forgotten with it; what keeps tokens from being guessed is their length.
#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"

namespace cognate::platform_registry {

// Thread safe.
class FailedAttempts {
 public:
  static constexpr int kMax = 10;
  static constexpr absl::Duration kWindow = absl::Minutes(1);
  static constexpr size_t kMaxAddresses = 10'000;

  explicit FailedAttempts(const Clock& clock) : clock_(clock) {}

  // RATE_LIMITED after too many within a minute.
  absl::Status Check(absl::string_view address);
  void Add(absl::string_view address);
  size_t size() const;

 private:
  struct Window {
    absl::Time begin;
    int count = 0;
  };
  void MakeRoom(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Window> windows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::platform_registry
