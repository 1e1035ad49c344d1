// Lanes through the front door: what is put on a stream arrives at its target, and what became of it at
// feedback.
#include "services/delivery/testing/delivery_fixture.h"

namespace cognate::delivery {
namespace {

using test_support::Eventually;
using ::testing::HasSubstr;

class LaneTest : public DeliveryTest {
 protected:
  void SetUp() override {
    DeliveryTest::SetUp();
    target_ = MakeTarget("shop");
    delivery_ = std::make_unique<RunningDelivery>(config_);
  }
  std::string Parents() {
    return Ask(
        *target_,
        "SELECT c.code || '>' || coalesce(p.code, '-') FROM nodes c LEFT JOIN nodes p ON p.id = c.parent_id "
        "ORDER BY c.code");
  }

  std::unique_ptr<postgres::Connection> target_;
  std::unique_ptr<RunningDelivery> delivery_;
};

TEST_F(LaneTest, DeliversThenReportsThenAcknowledges) {
  Put("shop", {{1, 10, "a"}, {2, 11, "b"}});
  ASSERT_TRUE(Applied(2));
  const v1::Outcome outcome = peers_.OutcomeOf(Entity(1));
  EXPECT_EQ(outcome.local_id(), "1");
  EXPECT_EQ(outcome.version(), 10);
  EXPECT_EQ(outcome.fingerprint().size(), 16u);
  EXPECT_NE(outcome.capture_time().seconds(), 0);
  EXPECT_TRUE(Eventually([&] { return Length("shop") == 0; }));
  EXPECT_EQ(Ask(*target_, "SELECT code FROM nodes ORDER BY 1"), "a|b");
  const v1::Lane lane = delivery_->LaneTo("shop");
  EXPECT_EQ(lane.state(), v1::LANE_STATE_OPEN);
  EXPECT_FALSE(lane.owner().empty());
  EXPECT_NE(lane.last_applied_time().seconds(), 0);
  EXPECT_OK(delivery_->Ready());
  EXPECT_THAT(delivery_->Metrics(), HasSubstr("cognate_delivery_applied_total{platform=\"shop\"} 2"));
  EXPECT_THAT(delivery_->Metrics(), HasSubstr("cognate_end_to_end_seconds_count{platform=\"shop\"} 2"));
}

TEST_F(LaneTest, ParentsOfTheSameTableGoFirstWithinARound) {
  Put("shop", {{3, 3, "c", 2, false}, {2, 2, "b", 1, false}, {1, 1, "a"}, {4, 4, "d", 3, false}});
  ASSERT_TRUE(Applied(4));
  EXPECT_EQ(Parents(), "a>-|b>a|c>b|d>c");
}

TEST_F(LaneTest, AParentThatThisLaneAppliedBeforeIsKnownToIt) {
  Put("shop", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  Put("shop", {{2, 2, "b", 1, false}});
  ASSERT_TRUE(Applied(2));
  EXPECT_EQ(Parents(), "a>-|b>a");
}

TEST_F(LaneTest, AParentThatOnlyTheLedgerKnowsIsAskedFor) {
  ASSERT_OK(target_->Execute("INSERT INTO nodes (id, code) VALUES (77, 'old')"));
  peers_.SetLocalId(Entity(1), "public.nodes", "77");
  Put("shop", {{2, 2, "b", 1, false}});
  ASSERT_TRUE(Applied(2));
  EXPECT_EQ(Parents(), "b>old|old>-");
}

TEST_F(LaneTest, WhatRefersToSomethingAbsentWaitsForItByName) {
  Put("shop", {{2, 2, "b", 1}});
  ASSERT_TRUE(Reported(peers_, 2, v1::OUTCOME_STATUS_WAITING));
  const v1::Outcome outcome = peers_.OutcomeOf(Entity(2));
  EXPECT_EQ(outcome.waits_for_entity_id(), Entity(1));
  EXPECT_EQ(outcome.waits_for_model(), "public.nodes");
  EXPECT_EQ(outcome.waits_for_source().local_id(), "s1");
  EXPECT_EQ(outcome.source().local_id(), "s2");
  EXPECT_TRUE(outcome.may_be_incomplete());
  EXPECT_EQ(Parents(), "");

  Put("shop", {{2, 2, "b", 1, true, /*allow_incomplete=*/true}});
  ASSERT_TRUE(Reported(peers_, 2, v1::OUTCOME_STATUS_INCOMPLETE));
  EXPECT_EQ(peers_.OutcomeOf(Entity(2)).waits_for_entity_id(), Entity(1));
  Put("shop", {{1, 3, "a", 2, false}, {2, 2, "b", 1}});
  ASSERT_TRUE(Applied(2));
  EXPECT_EQ(Parents(), "a>b|b>a");
}

TEST_F(LaneTest, AValueThatADeletedRecordGivesUpIsTakenInTheSameRound) {
  Put("shop", {{1, 1, "a"}, {3, 2, "x"}});
  ASSERT_TRUE(Applied(3));
  Node gone{1, 3, ""};
  gone.deleted = true;
  Put("shop", {gone, {2, 4, "a"}, {3, 5, "y"}});
  ASSERT_TRUE(Applied(2));
  EXPECT_EQ(Ask(*target_, "SELECT code FROM nodes ORDER BY 1"), "a|y");
}

TEST_F(LaneTest, NothingIsAcknowledgedBeforeFeedbackHasAnsweredAndTheEffectIsOnce) {
  peers_.SetFeedbackDown(true);
  Put("shop", {{1, 10, "a"}});
  ASSERT_TRUE(Eventually([&] { return peers_.report_count() > 2; }));
  EXPECT_EQ(Length("shop"), 1);
  delivery_.reset();
  peers_.SetFeedbackDown(false);
  delivery_ = std::make_unique<RunningDelivery>(config_);
  ASSERT_TRUE(Applied(1));
  EXPECT_TRUE(Eventually([&] { return Length("shop") == 0; }));
  EXPECT_EQ(Ask(*target_, "SELECT count(*) FROM nodes"), "1");
  EXPECT_EQ(peers_.OutcomeOf(Entity(1)).local_id(), "1");
}

TEST_F(LaneTest, ALostRedisIsReadAgainFromItsBeginning) {
  Put("shop", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  ASSERT_OK(redis_->FlushAll());
  Put("shop", {{2, 2, "b"}});
  ASSERT_TRUE(Applied(2));
  test_support::RedisServer::Shared().Restart();
  ASSERT_TRUE(Eventually([&] { return redis_->Ping().ok(); }));
  Put("shop", {{3, 3, "c"}});
  ASSERT_TRUE(Applied(3));
}

// Nothing would ever be added to the lane again.
TEST_F(LaneTest, AnOpenLaneTakesAwayAMarkThatARedisThatWentBackHasAgain) {
  Put("shop", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  ASSERT_OK(
      redis_->Set(bus::LaneClosedKey("shop", config_.lanes.stream_prefix), "DATABASE_UNAVAILABLE: then"));
  EXPECT_TRUE(Eventually([&] { return !MarkedClosed("shop"); }));
}

TEST_F(LaneTest, AnIdleLaneThatDoesNotRestAsksForWhatTheLedgerHasDue) {
  config_.lanes.rest_after = absl::InfiniteDuration();
  delivery_.reset();
  delivery_ = std::make_unique<RunningDelivery>(config_);
  ASSERT_TRUE(Eventually([&] { return peers_.refills().size() > 2; }));
  const v1::RefillRequest idle = peers_.refills().back();
  EXPECT_EQ(idle.platform(), "shop");
  EXPECT_LT(idle.planned_before().seconds(), absl::ToUnixSeconds(absl::Now()));
  EXPECT_GT(idle.planned_before().seconds(), absl::ToUnixSeconds(absl::Now()) - 60);
  // With an entry that does not go, only what is older than it is asked for.
  peers_.SetFeedbackDown(true);
  Put("shop", {{1, 1, "a"}});
  const int64_t added = absl::ToUnixMicros(absl::Now());
  ASSERT_TRUE(Eventually([&] { return Length("shop") == 1 && peers_.report_count() > 0; }));
  const size_t before = peers_.refills().size() + 1;
  ASSERT_TRUE(Eventually([&] { return peers_.refills().size() > before + 10; }));
  EXPECT_LE(value::MicrosOf(peers_.refills().back().planned_before()), added - 1'900'000);
}

TEST_F(LaneTest, ATargetWhoseSyncsAreGoneHasNoLane) {
  ASSERT_TRUE(Eventually([&] { return delivery_->LaneTo("shop").state() == v1::LANE_STATE_OPEN; }));
  peers_.RemoveTarget("shop");
  EXPECT_TRUE(Eventually([&] { return delivery_->LaneTo("shop").owner().empty(); }));
}

TEST_F(LaneTest, AChangedConnectionIsUsedWithoutARestart) {
  Put("shop", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  auto moved = MakeTarget("shop");
  ASSERT_TRUE(Eventually([&] {
    return Ask(*moved,
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
               "application_name = "
               "'cognate-delivery'") == "1";
  }));
  Put("shop", {{2, 2, "b"}});
  ASSERT_TRUE(Applied(2));
  EXPECT_EQ(Ask(*moved, "SELECT code FROM nodes"), "b");
}

TEST_F(DeliveryTest, AnUnreachableTargetClosesItsLaneWhileAnotherGoesOn) {
  auto server = test_support::ValueOrDie(test_support::PostgresServer::Start());
  auto down = MakeTarget("down", *server);
  auto up = MakeTarget("up");
  RunningDelivery delivery(config_);
  Put("down", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  server->Stop(test_support::PostgresServer::Mode::kImmediate);
  Put("down", {{2, 2, "b"}, {3, 3, "c"}});
  ASSERT_TRUE(Eventually([&] {
    return MarkedClosed("down") && Length("down") == 0 && delivery.LaneTo("down").has_next_probe_time();
  }));
  const v1::Lane lane = delivery.LaneTo("down");
  EXPECT_EQ(lane.state(), v1::LANE_STATE_CLOSED);
  EXPECT_THAT(lane.error(), HasSubstr("DATABASE_UNAVAILABLE"));
  EXPECT_OK(delivery.Ready());
  for (int i = 0; i < 20; ++i) Put("up", {{100 + i, 100 + i, absl::StrCat("u", i)}});
  ASSERT_TRUE(Applied(119));
  EXPECT_EQ(peers_.outcomes("down").size(), 1u);  // no trouble for each record

  const size_t refills = peers_.refills().size();
  server->StartAgain();
  ASSERT_TRUE(Eventually([&] { return !MarkedClosed("down"); }));
  ASSERT_TRUE(Eventually([&] {
    const auto all = peers_.refills();
    return std::any_of(all.begin() + static_cast<std::ptrdiff_t>(refills), all.end(),
                       [](const v1::RefillRequest& refill) { return refill.platform() == "down"; });
  }));
  Put("down", {{2, 2, "b"}});
  ASSERT_TRUE(Applied(2));
}

TEST_F(DeliveryTest, ATargetThatGoesDownAndComesBackIsToldOfAsItHappens) {
  auto server = test_support::ValueOrDie(test_support::PostgresServer::Start());
  auto target = MakeTarget("shop", *server);
  auto delivery = std::make_unique<RunningDelivery>(config_);
  Put("shop", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  EXPECT_THAT(peers_.platform_events(), ::testing::IsEmpty());
  server->Stop(test_support::PostgresServer::Mode::kImmediate);
  Put("shop", {{2, 2, "b"}});
  ASSERT_TRUE(Eventually([&] { return peers_.platform_events() == std::vector<std::string>{"shop down"}; }));
  server->StartAgain();
  ASSERT_TRUE(Eventually([&] {
    return peers_.platform_events() == std::vector<std::string>{"shop down", "shop recovered"};
  }));
  // The next process knows what this one has said.
  server->Stop(test_support::PostgresServer::Mode::kImmediate);
  Put("shop", {{2, 2, "b"}});
  ASSERT_TRUE(Eventually([&] { return peers_.platform_events().size() == 3; }));
  delivery.reset();
  server->StartAgain();
  delivery = std::make_unique<RunningDelivery>(config_);
  ASSERT_TRUE(Eventually([&] { return peers_.platform_events().size() == 4; }));
  EXPECT_EQ(peers_.platform_events().back(), "shop recovered");
}

TEST_F(DeliveryTest, ARefillThatHangsHoldsUpNoDelivery) {
  auto target = MakeTarget("shop");
  peers_.SetRefillHangs("shop");
  auto delivery = std::make_unique<RunningDelivery>(config_);
  ASSERT_TRUE(Eventually([&] { return peers_.hanging_count() == 1; }));
  for (int i = 1; i <= 30; ++i) {
    Put("shop", {{i, i, absl::StrCat("n", i)}});
    ASSERT_TRUE(Applied(i));
  }
  EXPECT_EQ(peers_.hanging_count(), 1);  // all the while
  EXPECT_TRUE(peers_.refills().empty());
  const absl::Time stopped = absl::Now();
  delivery.reset();  // waits for no answer
  EXPECT_LT(absl::Now() - stopped, absl::Minutes(1));
}

TEST_F(DeliveryTest, ALaneWhoseReportHangsEndsWithoutTheLeasesOfOthers) {
  auto leaving = MakeTarget("leaving");
  auto staying = MakeTarget("staying");
  auto delivery = std::make_unique<RunningDelivery>(config_);
  Put("staying", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  peers_.SetReportHangs("leaving");
  Put("leaving", {{2, 2, "b"}});
  ASSERT_TRUE(Eventually([&] { return peers_.hanging_count() == 1; }));
  peers_.RemoveTarget("leaving");
  auto leases = test_support::ValueOrDie(postgres::Connection::Open(config_.postgres.uri));
  const std::string until = Ask(*leases, "SELECT expires_at FROM delivery.lane_owners");
  // Renewed for longer than a lease lasts.
  EXPECT_TRUE(Eventually([&] {
    return Ask(*leases, absl::StrCat("SELECT expires_at > '", until,
                                     "'::timestamptz + interval '3 s' FROM delivery.lane_owners")) == "t";
  }));
  EXPECT_EQ(peers_.hanging_count(), 1);
  Put("staying", {{3, 3, "c"}});
  EXPECT_TRUE(Applied(3));
  peers_.SetReportHangs("");
  EXPECT_TRUE(Eventually([&] { return delivery->LaneTo("leaving").owner().empty(); }));
}

TEST_F(DeliveryTest, ATargetThatHangsIsGivenUpAndHoldsUpNobody) {
  auto server = test_support::ValueOrDie(test_support::PostgresServer::Start());
  auto hanging = MakeTarget("hanging", *server);
  auto up = MakeTarget("up");
  config_.lanes.call_timeout = absl::Milliseconds(500);
  auto delivery = std::make_unique<RunningDelivery>(config_);
  Put("hanging", {{1, 1, "a"}});
  ASSERT_TRUE(Applied(1));
  server->Pause();
  Put("hanging", {{2, 2, "b"}});
  Put("up", {{3, 3, "c"}});
  EXPECT_TRUE(Applied(3));
  EXPECT_TRUE(Eventually([&] { return MarkedClosed("hanging"); }));
  delivery.reset();  // returns although the target still hangs
  server->Resume();
  delivery = std::make_unique<RunningDelivery>(config_);
  ASSERT_TRUE(Eventually([&] { return !MarkedClosed("hanging"); }));
  Put("hanging", {{2, 2, "b"}});
  EXPECT_TRUE(Applied(2));
  EXPECT_EQ(Ask(*hanging, "SELECT count(*) FROM nodes"), "2");
}

TEST_F(DeliveryTest, ARefusedLoginClosesTheLaneWithItsOwnError) {
  peers_.SetTarget("shop", test_support::PostgresServer::Shared().Uri("postgres", "nobody_of_this_name"));
  RunningDelivery delivery(config_);
  ASSERT_TRUE(Eventually([&] { return MarkedClosed("shop"); }));
  EXPECT_THAT(delivery.LaneTo("shop").error(), HasSubstr("DATABASE_LOGIN_REFUSED"));
}

}  // namespace
}  // namespace cognate::delivery
