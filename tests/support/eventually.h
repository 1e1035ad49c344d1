// Waits for what other threads and processes bring about: EXPECT_TRUE(Eventually([&] { return store.Count()
// == 3; }));
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

namespace cognate::test_support {

// Asks soon and then less often (1 ms up to 50 ms); true as soon as `condition` is, false after `timeout`.
bool Eventually(absl::FunctionRef<bool()> condition, absl::Duration timeout = absl::Seconds(10));

}  // namespace cognate::test_support
