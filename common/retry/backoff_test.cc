#include "common/retry/backoff.h"

#include "gtest/gtest.h"

namespace cognate {
namespace {

constexpr BackoffPolicy kPolicy = {absl::Milliseconds(100), 2.0, absl::Seconds(1)};

TEST(BackoffTest, DoublesUpToTheMaximum) {
  Backoff backoff(kPolicy, [] { return 1.0; });
  for (const int milliseconds : {100, 200, 400, 800, 1000, 1000}) {
    EXPECT_EQ(backoff.Next(), absl::Milliseconds(milliseconds));
  }
  EXPECT_EQ(backoff.attempts(), 6);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(100));
}

TEST(BackoffTest, JitterSpreadsOverTheWholeRangeButNeverSpins) {
  double random = 0.5;
  Backoff backoff(kPolicy, [&] { return random; });
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(50));
  random = 0.0;
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(10));
}

TEST(BackoffTest, ManyFailuresDoNotOverflow) {
  EXPECT_EQ(BackoffCeiling(kPolicy, 1'000'000), absl::Seconds(1));
}

TEST(InsistUntilStoppedTest, TriesAgainWhateverTheErrorIs) {
  StopToken stop;
  int calls = 0;
  int failures = 0;
  EXPECT_TRUE(InsistUntilStopped(
      stop, {absl::Milliseconds(1), 1.0, absl::Milliseconds(1)},
      [&] { return ++calls < 3 ? absl::NotFoundError("not yet") : absl::OkStatus(); },
      [&](const absl::Status&) { ++failures; }));
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(failures, 2);
}

TEST(InsistUntilStoppedTest, TriesOnceWhenStopped) {
  StopToken stop;
  stop.Stop();
  int calls = 0;
  EXPECT_FALSE(InsistUntilStopped(
      stop, {absl::Hours(1), 1.0, absl::Hours(1)},
      [&] {
        ++calls;
        return absl::UnavailableError("down");
      },
      [](const absl::Status&) {}));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace cognate
