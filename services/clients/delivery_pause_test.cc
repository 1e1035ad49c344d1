#include "services/clients/delivery_pause.h"

#include "common/clock/time_proto.h"
#include "tests/support/proto_matchers.h"

namespace cognate::clients {
namespace {

using ::testing::HasSubstr;

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

v1::Platform With(const std::string& window) {
  return test_support::ParseProto<v1::Platform>("delivery { maintenance_windows { " + window + " } }");
}

TEST(DeliveryPauseTest, AWindowIsOpenFromItsStartForItsDuration) {
  const v1::Platform platform = With("start: '02:00' duration { seconds: 3600 }");
  EXPECT_FALSE(PauseAt(platform, At("2026-03-02T01:59:59Z")).has_value());
  const auto pause = PauseAt(platform, At("2026-03-02T02:00:00Z"));
  ASSERT_TRUE(pause.has_value());
  EXPECT_EQ(pause->until, At("2026-03-02T03:00:00Z"));
  EXPECT_TRUE(IsPause(pause->reason));
  EXPECT_FALSE(PauseAt(platform, At("2026-03-02T03:00:00Z")).has_value());
}

TEST(DeliveryPauseTest, OverMidnightItIsTheDayOfItsBeginThatCounts) {
  // 2026-03-02 is a Monday.
  const v1::Platform platform = With("weekdays: 1 start: '23:00' duration { seconds: 7200 }");
  EXPECT_TRUE(PauseAt(platform, At("2026-03-02T23:30:00Z")).has_value());
  EXPECT_TRUE(PauseAt(platform, At("2026-03-03T00:30:00Z")).has_value());
  EXPECT_FALSE(PauseAt(platform, At("2026-03-02T00:30:00Z")).has_value());
  EXPECT_FALSE(PauseAt(platform, At("2026-03-03T23:30:00Z")).has_value());
}

TEST(DeliveryPauseTest, ItsStartIsOnTheClockOfItsZone) {
  const v1::Platform platform =
      With("start: '02:00' duration { seconds: 3600 } time_zone: 'America/New_York'");
  EXPECT_TRUE(PauseAt(platform, At("2026-01-15T07:30:00Z")).has_value());
  EXPECT_TRUE(PauseAt(platform, At("2026-07-15T06:30:00Z")).has_value());
  EXPECT_FALSE(PauseAt(platform, At("2026-07-15T07:30:00Z")).has_value());
}

TEST(DeliveryPauseTest, AWholeWeekIsPossible) {
  const v1::Platform platform = With("weekdays: 1 start: '00:00' duration { seconds: 604800 }");
  for (const char* time : {"2026-03-02T00:00:00Z", "2026-03-05T12:00:00Z", "2026-03-08T23:59:59Z"})
    EXPECT_TRUE(PauseAt(platform, At(time)).has_value()) << time;
}

TEST(DeliveryPauseTest, ALockHoldsUntilItEndsOrIsTakenAway) {
  v1::Platform platform = test_support::ParseProto<v1::Platform>("lock { reason: 'moving house' }");
  const absl::Time now = At("2026-03-02T12:00:00Z");
  const auto pause = PauseAt(platform, now);
  ASSERT_TRUE(pause.has_value());
  EXPECT_THAT(pause->reason, HasSubstr("moving house"));
  EXPECT_EQ(pause->until, absl::InfiniteFuture());
  *platform.mutable_lock()->mutable_expire_time() = ToTimestamp(now + absl::Seconds(1));
  EXPECT_TRUE(PauseAt(platform, now).has_value());
  EXPECT_FALSE(PauseAt(platform, now + absl::Seconds(1)).has_value());
}

TEST(DeliveryPauseTest, OfSeveralTheLongestCounts) {
  v1::Platform platform = With("start: '12:00' duration { seconds: 3600 }");
  platform.mutable_lock()->set_reason("moving house");
  EXPECT_EQ(PauseAt(platform, At("2026-03-02T12:30:00Z"))->until, absl::InfiniteFuture());
}

TEST(DeliveryPauseTest, OnlyAnHourAndAMinuteAreATimeOfDay) {
  EXPECT_EQ(ParseTimeOfDay("23:59"), absl::Hours(23) + absl::Minutes(59));
  for (const char* text : {"", "2:00", "24:00", "12:60", "12-00", "12:00:00", "1a:00"})
    EXPECT_FALSE(ParseTimeOfDay(text).has_value()) << text;
}

}  // namespace
}  // namespace cognate::clients
