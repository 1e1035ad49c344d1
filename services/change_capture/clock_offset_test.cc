#include "services/change_capture/clock_offset.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::change_capture {
namespace {

using absl::Hours;
using absl::Microseconds;
using absl::Milliseconds;
using absl::Seconds;

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

// Another clock, and the way to it.
struct World {
  absl::Time now = kStart;    // by our clock
  absl::Duration ahead = {};  // of the other
  RoundTripOffset offset = {};

  void Exchange(absl::Duration there, absl::Duration back) {
    const absl::Time before = now;
    now += there;
    const absl::Time shown = now + ahead;
    now += back;
    offset.Add(before, shown, now);
  }
  absl::Duration Wrong() const { return absl::AbsDuration(offset.measured()->offset - ahead); }
};

TEST(RoundTripOffsetTest, KnowsNothingBeforeTheFirstExchange) {
  RoundTripOffset offset;
  EXPECT_FALSE(offset.measured().has_value());
  EXPECT_EQ(offset.correction(), absl::ZeroDuration());
  EXPECT_TRUE(offset.Agrees(kStart + Hours(1), kStart));
}

TEST(RoundTripOffsetTest, IsNeverWrongByMoreThanItsErrorHoweverTheWayThereAndBackDiffer) {
  std::mt19937 random(7);
  std::exponential_distribution<double> way_ms(0.1);
  World world{.ahead = -Hours(1)};
  for (int i = 0; i < 10'000; ++i) {
    world.Exchange(Milliseconds(way_ms(random)), Milliseconds(way_ms(random)));
    world.now += Seconds(5);
    ASSERT_LE(world.Wrong(), *world.offset.measured()->error);
    ASSERT_EQ(world.offset.correction(), world.offset.measured()->offset);
  }
}

TEST(RoundTripOffsetTest, AQuickExchangeStandsAgainstSlowerOnesForAWhile) {
  World world{.ahead = Hours(1)};
  world.Exchange(Microseconds(100), Microseconds(100));
  world.now += Seconds(5);
  world.Exchange(Milliseconds(900), Milliseconds(1));
  EXPECT_EQ(world.Wrong(), absl::ZeroDuration());
  EXPECT_EQ(world.offset.measured()->error, Microseconds(100));
  world.now += Hours(1);  // in which it may have drifted by 1.8 s
  world.Exchange(Milliseconds(900), Milliseconds(1));
  EXPECT_EQ(world.Wrong(), Milliseconds(449.5));
}

TEST(RoundTripOffsetTest, FollowsAClockThatDriftsAndOneThatIsSlewed) {
  for (const int parts_per_million : {-50, 50, 500}) {
    World world{.ahead = Seconds(2)};
    for (int i = 0; i < 1'000; ++i) {
      world.Exchange(Milliseconds(1 + i % 7), Milliseconds(1));
      ASSERT_LE(world.Wrong(), Milliseconds(8)) << i;
      world.now += Seconds(5);
      world.ahead += Seconds(5) * parts_per_million / 1'000'000;
    }
  }
}

TEST(RoundTripOffsetTest, TakesUpAStepWithTheNextExchangeAlsoWhenThatIsSlow) {
  for (const absl::Duration step : {Hours(1), -Hours(1), Seconds(2), -Seconds(2)}) {
    World world;
    world.Exchange(Microseconds(100), Microseconds(100));
    EXPECT_EQ(world.offset.correction(), absl::ZeroDuration());
    world.ahead += step;
    world.Exchange(Milliseconds(200), Milliseconds(300));
    EXPECT_LE(world.Wrong(), Milliseconds(50));
  }
}

TEST(RoundTripOffsetTest, AMessageShowsThatAClockWasSet) {
  World world{.ahead = Hours(1)};
  world.Exchange(Milliseconds(1), Milliseconds(1));
  const auto message = [&](absl::Duration on_its_way) {
    const absl::Time sent = world.now + world.ahead;
    world.now += on_its_way;
    return world.offset.Agrees(sent, world.now);
  };
  EXPECT_TRUE(message(Milliseconds(1)));
  EXPECT_TRUE(message(absl::Minutes(10))) << "it lay in a buffer";
  world.ahead += Seconds(30);
  EXPECT_FALSE(message(Milliseconds(1))) << "set forward";
  world.Exchange(Milliseconds(1), Milliseconds(1));
  EXPECT_TRUE(message(Milliseconds(1)));
  world.ahead -= Hours(1);
  EXPECT_FALSE(message(Milliseconds(1))) << "set back";
  world.Exchange(Milliseconds(1), Milliseconds(1));
  EXPECT_TRUE(message(Milliseconds(1)));
}

TEST(RoundTripOffsetTest, LeavesClocksAloneThatMayBeRight) {
  World close{.ahead = Milliseconds(9)};
  close.Exchange(Microseconds(100), Microseconds(100));
  EXPECT_EQ(close.offset.correction(), absl::ZeroDuration());
  World far{.ahead = Milliseconds(80)};
  far.Exchange(Milliseconds(100), Milliseconds(100));
  EXPECT_EQ(far.offset.correction(), absl::ZeroDuration()) << "the exchange took longer than that";
  far.now += Hours(1);
  far.Exchange(Milliseconds(30), Milliseconds(30));
  EXPECT_EQ(far.offset.correction(), Milliseconds(80));
}

TEST(RoundTripOffsetTest, PassesOverAnExchangeDuringWhichOurOwnClockWasSetBack) {
  RoundTripOffset offset;
  offset.Add(kStart, kStart, kStart - Seconds(10));
  EXPECT_FALSE(offset.measured().has_value());
}

TEST(OneWayOffsetTest, TheQuickestMessageOfTheLastMinutesCounts) {
  std::mt19937 random(7);
  std::exponential_distribution<double> extra_ms(0.01);
  OneWayOffset offset;
  EXPECT_FALSE(offset.measured().has_value());
  absl::Time now = kStart;
  for (int i = 0; i < 10'000; ++i) {
    offset.Add(now - Hours(1), now + Milliseconds(20 + extra_ms(random)));
    now += Seconds(1);
    if (i < 100) continue;
    ASSERT_NEAR(absl::ToDoubleSeconds(offset.correction()), -3600.02, 0.05);
  }
}

TEST(OneWayOffsetTest, FollowsAClockThatIsSetAndOneThatDrifts) {
  OneWayOffset offset;
  offset.Add(kStart, kStart + Milliseconds(40));
  EXPECT_EQ(offset.correction(), absl::ZeroDuration()) << "a right clock, seen over a network";
  offset.Add(kStart + Hours(1), kStart + Seconds(1));
  EXPECT_EQ(offset.correction(), Hours(1) - Seconds(1));
  offset.Add(kStart + Seconds(2), kStart + Seconds(2) + Milliseconds(40));
  EXPECT_EQ(offset.correction(), absl::ZeroDuration());
  // Behind by a millisecond more every second: what was seen first is not believed for longer than the
  // window.
  for (int i = 0; i < 10'000; ++i) {
    const absl::Time now = kStart + Seconds(i);
    offset.Add(now - Seconds(5) - Milliseconds(i), now);
    const absl::Duration wrong = offset.measured()->offset + Seconds(5) + Milliseconds(i);
    if (i < 10) continue;
    ASSERT_LE(absl::AbsDuration(wrong), 2 * OneWayOffset::kBucket / 1000);
  }
}

TEST(OneWayOffsetTest, CorrectsSeveralClocksOfOnePlatformEachByItself) {
  OneWayOffset offset;
  for (int i = 0; i < 10; ++i) {
    const absl::Time now = kStart + Seconds(i);
    offset.Add(now + absl::Minutes(5), now);
    EXPECT_EQ(offset.correction(), absl::Minutes(5));
    offset.Add(now, now);
    EXPECT_EQ(offset.correction(), absl::ZeroDuration());
  }
}

TEST(OneWayOffsetTest, PassesOverWhatIsNoTime) {
  OneWayOffset offset;
  offset.Add(absl::InfiniteFuture(), kStart);
  offset.Add(absl::InfinitePast(), kStart);
  EXPECT_FALSE(offset.measured().has_value());
}

TEST(CorrectStampTest, BringsAStampToOurClock) {
  const CorrectedStamp stamp = CorrectStamp(kStart + Hours(1) - Seconds(3), Hours(1), kStart);
  EXPECT_EQ(stamp.time, kStart - Seconds(3));
  EXPECT_FALSE(stamp.out_of_bounds);
  // A clock that begins at 1970 is as good as any, as long as it says what time it is.
  EXPECT_EQ(
      CorrectStamp(absl::UnixEpoch() + Seconds(5), absl::UnixEpoch() + Seconds(9) - kStart, kStart).time,
      kStart - Seconds(4));
}

TEST(CorrectStampTest, NothingIsMadeAfterItsReceiptAndWhatCannotBeIsFlagged) {
  const auto check = [](absl::Time stamp) { return CorrectStamp(stamp, absl::ZeroDuration(), kStart); };
  EXPECT_EQ(check(kStart + Seconds(59)).time, kStart);
  EXPECT_FALSE(check(kStart + Seconds(59)).out_of_bounds);
  for (const absl::Time stamp : {kStart + Seconds(61), absl::InfiniteFuture(), absl::InfinitePast(),
                                 absl::UnixEpoch(), kEarliest - Seconds(1)}) {
    EXPECT_EQ(check(stamp).time, kStart);
    EXPECT_TRUE(check(stamp).out_of_bounds) << stamp;
  }
  EXPECT_FALSE(check(kEarliest).out_of_bounds);
}

}  // namespace
}  // namespace cognate::change_capture
