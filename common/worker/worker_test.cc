#include "common/worker/worker.h"

#include <atomic>
#include <string>

#include <pthread.h>
#include <signal.h>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace cognate {
namespace {

using test_support::Eventually;

TEST(WorkerTest, StopEndsALongWaitAtOnce) {
  std::atomic<bool> told = false;
  Worker worker("waiter", [&](StopToken& stop) { told = stop.WaitFor(absl::Hours(1)); });
  worker.Stop();
  EXPECT_TRUE(told);
  EXPECT_TRUE(worker.finished());
  worker.Stop();
}

TEST(WorkerTest, WakeEndsAWaitWithoutStopping) {
  std::atomic<int> turns = 0;
  Worker worker("turns", [&](StopToken& stop) {
    while (!stop.WaitFor(absl::InfiniteDuration())) ++turns;
  });
  worker.Wake();
  EXPECT_TRUE(Eventually([&] { return turns == 1; }));
  worker.Wake();
  EXPECT_TRUE(Eventually([&] { return turns == 2; }));
}

TEST(WorkerTest, RunsNamedAndWithEverySignalBlocked) {
  std::string name(16, '\0');
  bool blocked = false;
  Worker worker("a-rather-long-worker-name", [&](StopToken&) {
    pthread_getname_np(pthread_self(), name.data(), name.size());
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 1;
  });
  worker.Stop();
  EXPECT_STREQ(name.c_str(), "a-rather-long-w");
  EXPECT_TRUE(blocked);
}

TEST(StopTokenTest, WaitsNoLongerThanTold) {
  StopToken stop;
  const absl::Time start = absl::Now();
  EXPECT_FALSE(stop.WaitFor(absl::Milliseconds(5)));
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(5));
}

}  // namespace
}  // namespace cognate
