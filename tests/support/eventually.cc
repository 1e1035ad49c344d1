#include "tests/support/eventually.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace cognate::test_support {

bool Eventually(absl::FunctionRef<bool()> condition, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  absl::Duration pause = absl::Milliseconds(1);
  while (!condition()) {
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(pause);
    pause = std::min(pause * 2, absl::Milliseconds(50));
  }
  return true;
}

bool Stays(absl::FunctionRef<bool()> condition, absl::Duration span) {
  return !Eventually([&] { return !condition(); }, span);
}

}  // namespace cognate::test_support
