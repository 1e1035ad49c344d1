// Waits for what other threads and processes bring about: EXPECT_TRUE(Eventually([&] { return store.Count()
// == 3; }));
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

namespace cognate::test_support {

// How long a test waits for what must come. It is no measure of speed: a machine that others use can be many
// times slower than it was yesterday, and a wait that comes true costs nothing.
inline constexpr absl::Duration kPatience = absl::Minutes(2);

// Asks soon and then less often (1 ms up to 50 ms); true as soon as `condition` is, false after `timeout`.
bool Eventually(absl::FunctionRef<bool()> condition, absl::Duration timeout = kPatience);

// Asks in the same way; false as soon as `condition` is, true when it was not for the whole of `span`.
bool Stays(absl::FunctionRef<bool()> condition, absl::Duration span);

}  // namespace cognate::test_support
