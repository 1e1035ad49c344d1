#include "common/retry/backoff.h"

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate {
namespace {

using test_support::StatusIs;

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

TEST(RetryUntilStoppedTest, TriesAgainWhileTheErrorIsTransient) {
  StopToken stop;
  Backoff backoff({absl::Milliseconds(1), 1.0, absl::Milliseconds(1)});
  int calls = 0;
  EXPECT_OK(RetryUntilStopped(
      stop, backoff, [&] { return ++calls < 3 ? absl::UnavailableError("not yet") : absl::OkStatus(); }));
  EXPECT_EQ(calls, 3);
  EXPECT_THAT(RetryUntilStopped(stop, backoff, [] { return absl::NotFoundError("never"); }),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(RetryUntilStoppedTest, GivesUpWhenStopped) {
  StopToken stop;
  stop.Stop();
  Backoff backoff({absl::Hours(1), 1.0, absl::Hours(1)});
  EXPECT_THAT(RetryUntilStopped(stop, backoff, [] { return absl::UnavailableError("down"); }),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace cognate
