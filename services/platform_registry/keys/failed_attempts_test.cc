#include "services/platform_registry/keys/failed_attempts.h"

#include <string>

#include "common/clock/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;

class FailedAttemptsTest : public ::testing::Test {
 protected:
  void Fail(const std::string& address, int times) {
    for (int i = 0; i < times; ++i) attempts_.Add(address);
  }
  FakeClock clock_;
  FailedAttempts attempts_{clock_};
};

TEST_F(FailedAttemptsTest, CountsTheAddressesOfANetworkOfIPv6Together) {
  Fail("2001:db8:1:2::7", 5);
  Fail("2001:db8:1:2:ffff::8", 5);
  EXPECT_THAT(attempts_.Check("2001:db8:1:2::9"), HasReason("RATE_LIMITED"));
  EXPECT_OK(attempts_.Check("2001:db8:1:3::9"));
  Fail("203.0.113.7", 10);
  EXPECT_OK(attempts_.Check("203.0.113.8"));
  EXPECT_THAT(attempts_.Check("203.0.113.7"), HasReason("RATE_LIMITED"));
}

TEST_F(FailedAttemptsTest, BeginsANewMinuteAfterTheOld) {
  Fail("a", 9);
  clock_.Advance(absl::Seconds(61));
  Fail("a", 9);
  EXPECT_OK(attempts_.Check("a"));
  Fail("a", 1);
  EXPECT_THAT(attempts_.Check("a"), HasReason("RATE_LIMITED"));
}

TEST_F(FailedAttemptsTest, NeverKeepsMoreThanItsBound) {
  for (size_t i = 0; i < FailedAttempts::kMaxAddresses + 50; ++i) {
    clock_.Advance(absl::Milliseconds(1));
    attempts_.Add(std::to_string(i));
  }
  EXPECT_EQ(attempts_.size(), FailedAttempts::kMaxAddresses);
  clock_.Advance(absl::Minutes(2));
  attempts_.Add("late");
  EXPECT_EQ(attempts_.size(), 1U);
}

}  // namespace
}  // namespace cognate::platform_registry
