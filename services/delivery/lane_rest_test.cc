// Lanes that have nothing to do rest, and nobody sees it but in what they cost.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "services/delivery/testing/delivery_fixture.h"

namespace cognate::delivery {
namespace {

using test_support::Eventually;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Threads of this process whose names begin so.
int Threads(absl::string_view prefix) {
  int count = 0;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", gone)) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    std::getline(file, name);
    if (absl::StartsWith(name, prefix)) ++count;
  }
  return count;
}
// Of lanes: their own, their reporters' and their refillers'. Not those of the process.
int LaneThreads() {
  return Threads("lane-") - Threads("lane-watch") - Threads("lane-inquiries") - Threads("lane-manager") +
         Threads("report-") + Threads("refill-");
}

class LaneRestTest : public DeliveryTest {
 protected:
  void SetUp() override {
    DeliveryTest::SetUp();
    config_.lanes.rest_after = absl::Milliseconds(50);
    config_.lanes.min_rest = absl::Milliseconds(50);
    config_.lanes.probe = {absl::Milliseconds(500), 1.0, absl::Milliseconds(500)};
  }
  void Start() { delivery_ = std::make_unique<RunningDelivery>(config_); }
  // All of so many lanes rest, with targets that were reached.
  bool Resting(size_t lanes) {
    return Eventually([&] {
      const std::string metrics = delivery_->Metrics();
      size_t open = 0;
      for (const absl::string_view line : absl::StrSplit(metrics, '\n'))
        open += absl::StartsWith(line, "cognate_lane_open{") && absl::EndsWith(line, " 1") ? 1 : 0;
      return open == lanes && LaneThreads() == 0 &&
             absl::StrContains(metrics, absl::StrCat("cognate_lanes{activity=\"resting\"} ", lanes, "\n"));
    });
  }
  v1::LaneState State(const std::string& platform) { return delivery_->LaneTo(platform).state(); }
  size_t RefillsOf(const std::string& platform) {
    const std::vector<v1::RefillRequest> refills = peers_.refills();
    return static_cast<size_t>(
        std::count_if(refills.begin(), refills.end(),
                      [&](const v1::RefillRequest& refill) { return refill.platform() == platform; }));
  }

  std::unique_ptr<RunningDelivery> delivery_;
};

TEST_F(LaneRestTest, ALaneRestsWithoutThreadsAndConnectionsAndWakesByAnEntry) {
  auto target = MakeTarget("shop");
  Start();
  Put("shop", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  ASSERT_TRUE(Resting(1));
  EXPECT_EQ(LaneThreads(), 0);
  EXPECT_TRUE(Eventually([&] {
    return Ask(*target,
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
               "application_name = 'cognate-delivery'") == "0";
  }));
  const v1::Lane resting = delivery_->LaneTo("shop");
  EXPECT_EQ(resting.state(), v1::LANE_STATE_OPEN);
  EXPECT_NE(resting.last_applied_time().seconds(), 0);
  EXPECT_FALSE(resting.owner().empty());
  EXPECT_THAT(delivery_->Metrics(), HasSubstr("cognate_lane_open{platform=\"shop\"} 1"));
  EXPECT_OK(delivery_->Ready());
  for (int i = 2; i < 5; ++i) {
    Put("shop", {{i, i, absl::StrCat("n", i)}});
    ASSERT_TRUE(Applied(i));
    EXPECT_TRUE(Eventually([&] { return Length("shop") == 0; }));
    ASSERT_TRUE(Resting(1));
  }
  EXPECT_THAT(peers_.platform_events(), IsEmpty());  // nothing of this is news
}

// A lane rests about a quarter of a second after its last entry: entries before, at and after that moment.
TEST_F(LaneRestTest, NoEntryIsMissedThatComesAtTheMomentOfResting) {
  constexpr int kLanes = 12;
  constexpr int kRounds = 10;
  std::vector<std::unique_ptr<postgres::Connection>> targets;
  for (int lane = 0; lane < kLanes; ++lane) targets.push_back(MakeTarget(absl::StrCat("p", lane)));
  Start();
  int entity = 0;
  for (int round = 0; round < kRounds; ++round) {
    const int first = entity + 1;
    for (int lane = 0; lane < kLanes; ++lane) {
      ++entity;
      Put(absl::StrCat("p", lane), {{entity, entity, absl::StrCat("n", entity)}});
      absl::SleepFor(absl::Milliseconds(3));  // the pace
    }
    for (int one = first; one <= entity; ++one) ASSERT_TRUE(Applied(one)) << "round " << round;
    absl::SleepFor(absl::Milliseconds(235 + 3 * round));  // the pace
  }
  EXPECT_TRUE(Resting(kLanes));
}

TEST_F(LaneRestTest, WhatTheLedgerHasDueWakesALane) {
  auto target = MakeTarget("shop");
  auto other = MakeTarget("site");
  Start();
  ASSERT_TRUE(Resting(2));
  const size_t shop = RefillsOf("shop");
  const size_t site = RefillsOf("site");
  const int asked = peers_.due_count();
  ASSERT_TRUE(Eventually([&] { return peers_.due_count() > asked + 3; }));
  EXPECT_EQ(RefillsOf("shop"), shop);  // one question for all, and none of its own
  peers_.SetDue({"shop"});
  EXPECT_TRUE(Eventually([&] { return RefillsOf("shop") > shop; }));
  EXPECT_EQ(RefillsOf("site"), site);
}

TEST_F(LaneRestTest, APauseReachesALaneThatRestsAndSoDoesItsEnd) {
  auto target = MakeTarget("shop");
  Start();
  ASSERT_TRUE(Resting(1));
  ASSERT_EQ(State("shop"), v1::LANE_STATE_OPEN);
  peers_.SetLocked("shop", true);
  EXPECT_TRUE(Eventually([&] { return State("shop") == v1::LANE_STATE_PAUSED && MarkedClosed("shop"); }));
  EXPECT_TRUE(Eventually([] { return LaneThreads() == 0; }));
  // What the transformer adds before it sees the mark is dropped: the ledger has it.
  Put("shop", {{1, 1, "a"}});
  EXPECT_TRUE(Eventually([&] { return Length("shop") == 0; }));
  EXPECT_EQ(Ask(*target, "SELECT count(*) FROM nodes"), "0");
  peers_.SetLocked("shop", false);
  EXPECT_TRUE(Eventually([&] { return State("shop") == v1::LANE_STATE_OPEN && !MarkedClosed("shop"); }));
  Put("shop", {{1, 1, "a"}});
  EXPECT_TRUE(Applied(1));
}

TEST_F(LaneRestTest, AChangedConnectionReachesALaneThatRests) {
  auto target = MakeTarget("shop");
  Start();
  ASSERT_TRUE(Resting(1));
  auto moved = MakeTarget("shop");
  Put("shop", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  EXPECT_EQ(Ask(*moved, "SELECT code FROM nodes"), "a");
}

TEST_F(LaneRestTest, TargetsThatAreDownHoldNoThreadsAndComeBack) {
  constexpr int kLanes = 20;
  auto server = test_support::ValueOrDie(test_support::PostgresServer::Start());
  const std::string uri = server->CreateDatabase();
  for (int lane = 0; lane < kLanes; ++lane) peers_.SetTarget(absl::StrCat("p", lane), uri);
  server->Stop(test_support::PostgresServer::Mode::kImmediate);
  Start();
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::string platform = absl::StrCat("p", lane);
    ASSERT_TRUE(
        Eventually([&] { return State(platform) == v1::LANE_STATE_CLOSED && MarkedClosed(platform); }));
    EXPECT_TRUE(delivery_->LaneTo(platform).has_next_probe_time());
  }
  EXPECT_TRUE(Eventually([&] { return peers_.platform_events().size() == kLanes; }));
  EXPECT_TRUE(Eventually([] { return LaneThreads() == 0; }));
  // A mark that is lost is set again by whoever looks.
  ASSERT_OK(redis_->Del(bus::LaneClosedKey("p7", config_.lanes.stream_prefix)));
  EXPECT_TRUE(Eventually([&] { return MarkedClosed("p7"); }));
  server->StartAgain();
  for (int lane = 0; lane < kLanes; ++lane)
    ASSERT_TRUE(Eventually([&] { return State(absl::StrCat("p", lane)) == v1::LANE_STATE_OPEN; }));
  EXPECT_TRUE(Eventually([&] { return peers_.platform_events().size() == 2 * kLanes; }));
}

// The first probe tells that the target is down, and is followed by a long wait.
TEST_F(LaneRestTest, ALaneRestsSoonAfterItHasToldThatItsTargetIsDown) {
  config_.lanes.probe = {absl::Minutes(10), 1.0, absl::Minutes(10)};
  peers_.SetTarget("shop", test_support::PostgresServer::Shared().Uri("postgres", "nobody_of_this_name"));
  Start();
  ASSERT_TRUE(Eventually([&] { return peers_.platform_events().size() == 1; }));
  EXPECT_TRUE(Eventually([] { return LaneThreads() == 0; }));
  EXPECT_EQ(State("shop"), v1::LANE_STATE_CLOSED);
}

TEST_F(LaneRestTest, AMarkThatARedisThatWentBackHasAgainIsTakenFromALaneThatRests) {
  auto target = MakeTarget("shop");
  Start();
  ASSERT_TRUE(Resting(1));
  ASSERT_OK(
      redis_->Set(bus::LaneClosedKey("shop", config_.lanes.stream_prefix), "DATABASE_UNAVAILABLE: then"));
  EXPECT_TRUE(Eventually([&] { return !MarkedClosed("shop"); }));
}

TEST_F(LaneRestTest, ALostRedisIsWatchedAgain) {
  auto target = MakeTarget("shop");
  Start();
  ASSERT_TRUE(Resting(1));
  test_support::RedisServer::Shared().Restart();
  ASSERT_TRUE(Eventually([&] { return redis_->Ping().ok(); }));
  Put("shop", {{1, 1, "a"}});
  EXPECT_TRUE(Applied(1));
}

TEST_F(LaneRestTest, ManyLanesThatRestCostFewThreadsAndEndAtOnce) {
  constexpr int kLanes = 200;
  auto target = MakeTarget("p0");
  const std::string uri = peers_.UriOf("p0");
  for (int lane = 1; lane < kLanes; ++lane) peers_.SetTarget(absl::StrCat("p", lane), uri);
  Start();
  ASSERT_TRUE(Resting(kLanes));
  const int threads = Threads("");
  Put("p137", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  const absl::Time stopped = absl::Now();
  delivery_.reset();
  std::cout << "figure delivery.resting_lanes lanes=" << kLanes << " threads=" << threads
            << " stop_ms=" << absl::ToInt64Milliseconds(absl::Now() - stopped) << std::endl;
  EXPECT_LT(threads, kLanes / 2);
  auto leases = test_support::ValueOrDie(postgres::Connection::Open(config_.postgres.uri));
  EXPECT_EQ(Ask(*leases, "SELECT count(*) FROM delivery.lane_leases WHERE owner <> ''"), "0");
}

}  // namespace
}  // namespace cognate::delivery
