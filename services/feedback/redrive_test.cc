#include "gtest/gtest.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::feedback {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using test_support::Stays;
using ::testing::IsEmpty;

class RedriveTest : public FeedbackTest {};

TEST_F(RedriveTest, ReplaysAtItsTimeTowardsItsTargetOnly) {
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Failed(entity, 7)}));
  EXPECT_EQ(ReplaysOf(entity), 0);
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(Eventually([&] { return ReplaysOf(entity) == 1; }));
  EXPECT_EQ(peers_.replays().front().target_platform(), "shop");
}

TEST_F(RedriveTest, SpentAttemptsAreDeadUntilAPersonRedrives) {
  config_.retry.max_attempts = 3;
  Start();
  const Uuid entity = Plan("1", 7);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_OK(Report({Failed(entity, 7)}));
    clock_.Advance(absl::Minutes(1));
    if (attempt == 3) break;
    ASSERT_TRUE(Eventually([&] { return ReplaysOf(entity) == attempt; }));
  }
  EXPECT_EQ(TroubleOf(entity).state(), v1::REPLICA_STATE_DEAD);
  EXPECT_EQ(TroubleOf(entity).attempt_count(), 3);
  v1::RedriveRequest other;
  other.set_reason("ANOTHER");
  EXPECT_EQ(feedback_->Call(&Stub::Redrive, other)->redriven_count(), 0);
  v1::RedriveRequest request;
  *request.mutable_source() = Record("1");
  EXPECT_EQ(feedback_->Call(&Stub::Redrive, request)->redriven_count(), 1);
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(entity) == 3; }));
  EXPECT_EQ(TroubleOf(entity).state(), v1::REPLICA_STATE_RETRY);
  EXPECT_OK(Report({Failed(entity, 7)}));
  EXPECT_EQ(TroubleOf(entity).attempt_count(), 1);
}

TEST_F(RedriveTest, AnUnansweredReplayIsMadeAgainAfterItsLease) {
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Failed(entity, 7)}));
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(Eventually([&] { return ReplaysOf(entity) == 1; }));
  clock_.Advance(absl::Seconds(29));
  Stop();  // As after a crash: the row alone knows.
  Start();
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(entity) == 2; }));
}

TEST_F(RedriveTest, AReplayThatCannotBeMadeIsMadeLater) {
  Start();
  const Uuid entity = Plan("1", 7);
  peers_.SetDown({"change_capture"});
  EXPECT_OK(Report({Failed(entity, 7)}));
  clock_.Advance(absl::Seconds(1));
  peers_.SetDown({});
  EXPECT_TRUE(Eventually([&] {
    clock_.Advance(absl::Milliseconds(100));
    return ReplaysOf(entity) == 1;
  }));
}

TEST_F(RedriveTest, ATroubleOfWhatIsSettledAlreadyGoesAway) {
  Start();
  const Uuid retried = Plan("1", 7);
  const Uuid refused = Plan("2", 7);
  EXPECT_OK(Report({Applied(retried, 7), Applied(refused, 8)}));
  // Reports of an older delivery come late.
  EXPECT_OK(Report({Failed(retried, 7), Outcome(refused, 7, v1::OUTCOME_STATUS_REJECTED, "NO")}));
  EXPECT_TRUE(Eventually([&] {
    clock_.Advance(absl::Seconds(5));
    return Troubles().empty();
  }));
}

TEST_F(RedriveTest, ATroubleThatRestsEndsWhenItsRecordIsSettledUnnoticed) {
  Start();
  const Uuid refused = Plan("1", 7);
  EXPECT_OK(Report({Outcome(refused, 7, v1::OUTCOME_STATUS_REJECTED, "NO")}));
  for (int hour = 0; hour < 3; ++hour) clock_.Advance(absl::Hours(1));
  ASSERT_EQ(Troubles().size(), 1u);
  FakeReplica replica;
  replica.desired = replica.applied = 7;
  peers_.Put(refused, "shop", "public.nations", replica);
  EXPECT_TRUE(Eventually([&] {
    clock_.Advance(absl::Minutes(10));
    return Troubles().empty();
  }));
}

TEST_F(RedriveTest, TroublesOfAnEntityThatBecameAnotherOneEnd) {
  Start();
  const Uuid refused = Plan("1", 7);
  const Uuid retried = Plan("2", 7);
  const Uuid held = Plan("3", 7);
  const Uuid waiting = Plan("4", 7);
  EXPECT_OK(
      Report({Outcome(refused, 7, v1::OUTCOME_STATUS_REJECTED, "NO"), Failed(retried, 7),
              Outcome(held, 7, v1::OUTCOME_STATUS_UNAUTHENTICATED, "LOGIN"), Waits(waiting, 7, refused)}));
  ASSERT_EQ(Troubles().size(), 4u);
  for (const Uuid& entity : {refused, retried, held, waiting}) peers_.Forget(entity);
  EXPECT_TRUE(Eventually([&] {
    clock_.Advance(absl::Seconds(10));
    return Troubles().empty();
  }));
}

TEST_F(RedriveTest, ARecordThatTheLogDoesNotKnowIsDead) {
  Start();
  const Uuid entity = Plan("9", 7);
  peers_.ForgetChange(Record("9"));
  EXPECT_OK(Report({Failed(entity, 7)}));
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Eventually([&] { return TroubleOf(entity).error().reason() == "RECORD_UNKNOWN"; }));
  EXPECT_EQ(TroubleOf(entity).state(), v1::REPLICA_STATE_DEAD);
}

TEST_F(RedriveTest, SeveralServersShareTheWork) {
  Start();
  RunningFeedback second(config_, clock_);
  std::vector<v1::Outcome> outcomes;
  for (int i = 0; i < 1200; ++i) outcomes.push_back(Failed(Plan(std::to_string(i), 7), 7));
  EXPECT_OK(Report(outcomes));
  clock_.Advance(absl::Seconds(1));
  const auto replayed = [&] {
    int count = 0;
    for (const v1::ReplayRequest& replay : peers_.replays()) count += replay.records_size();
    return count;
  };
  EXPECT_TRUE(Eventually([&] { return replayed() == 1200; }));
  clock_.Advance(absl::Seconds(20));
  EXPECT_TRUE(Stays([&] { return replayed() == 1200; }, absl::Milliseconds(500))) << "one of them twice";
}

TEST_F(RedriveTest, RefillReplaysWhatIsPendingAndGivesUpTheUnknown) {
  Start();
  const Uuid pending = Plan("1", 7);
  const Uuid parked = Plan("2", 7);
  const Uuid unknown = Plan("3", 3);
  peers_.ForgetChange(Record("3"));
  // Its entity has become another one; the plan came late.
  const Uuid ended = Uuid::V7(clock_);
  peers_.AddPlan(ended, "shop", "public.nations", 4);
  EXPECT_OK(Report({Outcome(parked, 7, v1::OUTCOME_STATUS_REJECTED, "NO")}));
  v1::RefillRequest request;
  request.set_platform("shop");
  request.mutable_planned_before()->set_seconds(1'800'000'000);
  ASSERT_OK_AND_ASSIGN(const v1::RefillResponse response, feedback_->Call(&Stub::Refill, request));
  EXPECT_EQ(response.replayed_count(), 1);
  EXPECT_FALSE(response.more());
  EXPECT_EQ(ReplaysOf(pending), 1);
  EXPECT_EQ(ReplaysOf(parked), 0);
  EXPECT_EQ(TroubleOf(unknown).error().reason(), "RECORD_UNKNOWN");
  EXPECT_EQ(TroubleOf(ended).version(), 0);
  EXPECT_EQ(peers_.Get(ended, "shop", "public.nations").parked, 4) << "so that it is not asked for again";
  EXPECT_EQ(feedback_->Call(&Stub::Refill, request)->replayed_count(), 1);
  EXPECT_THAT(feedback_->Call(&Stub::Refill, v1::RefillRequest()), HasReason("INVALID_FIELD"));
}

TEST_F(RedriveTest, WhoWaitsIsReplayedAllTheSameForTheAwaitedMayBeAnotherEntityByNow) {
  Start();
  const Uuid ended = Plan("1", 7);
  const Uuid child = Plan("2", 8);
  EXPECT_OK(Report({Waits(child, 8, ended)}));
  clock_.Advance(absl::Seconds(3));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(child) == 1; }));
}

TEST_F(RedriveTest, WhatNoSyncBringsIsTriedAgainNowAndThen) {
  Start();
  const Uuid parent = Plan("1", 7);
  const Uuid child = Plan("2", 8);
  v1::Outcome waits = Waits(child, 8, parent);
  waits.clear_waits_for_model();
  EXPECT_OK(Report({waits}));
  clock_.Advance(absl::Minutes(7));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(child) == 1; }));
}

v1::Sync TakesTo(const std::string& target_model) {
  v1::Sync sync;
  sync.set_source_platform("atlas");
  sync.set_source_model("public.country");
  sync.set_target_platform("shop");
  sync.set_target_model(target_model);
  return sync;
}

// Nothing would ever come of them: their replays are taken by no sync.
TEST_F(RedriveTest, TroublesThatNoSyncTakesOnAnyMoreEnd) {
  peers_.SetRules({TakesTo("public.nations"), TakesTo("public.states")});
  Start();
  const Uuid retried = Plan("1", 7);
  const Uuid refused = Plan("2", 8);
  const Uuid waiting = Plan("3", 9);
  const Uuid other = Plan("4", 10);
  v1::Outcome other_way = Outcome(other, 10, v1::OUTCOME_STATUS_REJECTED, "NO");
  other_way.set_model("public.states");
  EXPECT_OK(Report({Failed(retried, 7), Outcome(refused, 8, v1::OUTCOME_STATUS_REJECTED, "NO"),
                    Waits(waiting, 9, retried), other_way}));
  clock_.Advance(absl::Minutes(1));  // What is refused is at rest after a look.
  ASSERT_TRUE(Eventually([&] { return ReplaysOf(retried) > 0; }));
  EXPECT_EQ(Troubles().size(), 4u);
  v1::Sync paused = TakesTo("public.states");
  paused.set_status(v1::SYNC_STATUS_PAUSED);
  peers_.SetRules({paused});
  EXPECT_TRUE(Eventually([&] {
    clock_.Advance(absl::Seconds(1));
    return Troubles().size() == 1;
  }));
  EXPECT_EQ(TroubleOf(other).state(), v1::REPLICA_STATE_DEAD);
}

TEST_F(RedriveTest, ATroubleThatIsReportedAfterItsSyncWasDeletedEnds) {
  peers_.SetRules({});
  Start();
  const Uuid retried = Plan("1", 7);
  EXPECT_OK(Report({Failed(retried, 7), Outcome(Plan("2", 8), 8, v1::OUTCOME_STATUS_REJECTED, "NO")}));
  EXPECT_TRUE(Eventually([&] {
    clock_.Advance(absl::Seconds(1));
    return Troubles().empty();
  }));
  EXPECT_EQ(ReplaysOf(retried), 0);
}

TEST_F(RedriveTest, TroublesStayWhileTheRegistryCannotBeAskedForTheRules) {
  Start();
  const Uuid retried = Plan("1", 7);
  EXPECT_OK(Report({Failed(retried, 7)}));
  peers_.SetDown({"registry"});
  peers_.SetRules({});
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(Eventually([&] { return ReplaysOf(retried) == 1; }));
  EXPECT_EQ(Troubles().size(), 1u);
}

}  // namespace
}  // namespace cognate::feedback
