// How large and how long a test is: small unless the environment says more.
#pragma once

#include <algorithm>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/faults/prove.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"

namespace cognate::high_availability {

using test_support::FromEnvironment;

// COGNATE_HA_SEEDS, COGNATE_HA_CHANGES and COGNATE_HA_RATE (changes a second, beside fifty rows a second of a
// followed database).
inline faults::Surroundings Sized() {
  faults::settings.seeds = FromEnvironment("COGNATE_HA_SEEDS", 1);
  faults::settings.changes = FromEnvironment("COGNATE_HA_CHANGES", 3'000);
  faults::Surroundings surroundings;
  surroundings.changes_per_second = FromEnvironment("COGNATE_HA_RATE", 200);
  return surroundings;
}

// Waits until a row that is written now has gone all the way: how long nothing went on.
inline void MeasureRecovery(faults::World& world, absl::Time lost) {
  const int64_t tick = world.ticker.Tick();
  const bool arrived = test_support::Eventually([&] { return world.ticker.Arrived(tick); });
  EXPECT_TRUE(arrived) << "what was written after the loss does not arrive";
  world.recovery = std::max(world.recovery, absl::Now() - lost);
}

}  // namespace cognate::high_availability
