// What a platform says of its held deliveries (Platform.delivery.hold).
#include <map>

#include "cognate/bus/v1/event_batch.pb.h"
#include "gtest/gtest.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::feedback {
namespace {

using test_support::Eventually;
using test_support::Stays;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class HoldTest : public FeedbackTest {
 protected:
  v1::HoldPolicy* hold() { return platform_.mutable_delivery()->mutable_hold(); }
  // As the registry has it from now on, and feedback after a few seconds.
  void Say() {
    platform_.set_name("platforms/shop");
    peers_.SetPlatform(platform_);
    clock_.Advance(absl::Seconds(6));
  }
  v1::Outcome Refused(const Uuid& entity, int64_t version, const std::string& identity = "ada") {
    v1::Outcome outcome = Outcome(entity, version, v1::OUTCOME_STATUS_UNAUTHENTICATED, "UNAUTHORIZED");
    outcome.set_acting_identity(identity);
    return outcome;
  }
  // Something of hers is taken.
  absl::Status LoginWorks(const std::string& identity = "ada") {
    v1::Outcome applied = Applied(Plan("works", 100), 100);
    applied.set_acting_identity(identity);
    return Report({applied});
  }
  v1::RetryHeldResponse RetryHeld(const std::string& identity = "ada") {
    v1::RetryHeldRequest request;
    request.set_acting_identity(identity);
    const auto response = feedback_->Call(&Stub::RetryHeld, request);
    EXPECT_OK(response);
    return response.value_or(v1::RetryHeldResponse());
  }
  v1::ReplicaState StateOf(const Uuid& entity) { return TroubleOf(entity).state(); }
  bool IsReplayed(const Uuid& entity, int times) {
    return Eventually([&] {
      clock_.Advance(absl::Milliseconds(500));
      return ReplaysOf(entity) == times;
    });
  }
  // Turns of the housekeeping come with each start; one in which nobody could say the terms expires nothing.
  bool IsDeadAfterATurn(const Uuid& entity) {
    return Eventually([&] {
      Stop();
      clock_.Advance(absl::Seconds(6));
      Start();
      return Eventually([&] { return StateOf(entity) == v1::REPLICA_STATE_DEAD; }, absl::Seconds(2));
    });
  }
  // How often each kind was told.
  std::map<v1::EventKind, int> Told() {
    std::map<v1::EventKind, int> counts;
    const auto database = test_support::ValueOrDie(postgres::Connection::Open(config_.postgres.uri));
    const auto rows = test_support::ValueOrDie(database->QueryOnce(
        "SELECT payload FROM feedback.event_batches ORDER BY sequence", postgres::Params()));
    for (int row = 0; row < rows.size(); ++row) {
      bus::v1::EventBatch batch;
      EXPECT_TRUE(batch.ParseFromString(std::string(rows.GetBytes(row, 0))));
      for (const int kind : batch.kinds()) ++counts[static_cast<v1::EventKind>(kind)];
    }
    return counts;
  }

  v1::Platform platform_;
};

TEST_F(HoldTest, WhereNothingIsHeldARefusalIsAFailedAttempt) {
  hold()->set_is_off(true);
  platform_.mutable_delivery()->mutable_retry()->add_delays()->set_seconds(10);
  Say();
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Refused(entity, 7)}));
  EXPECT_EQ(StateOf(entity), v1::REPLICA_STATE_RETRY);
  EXPECT_OK(Report({Refused(entity, 7)})) << "the same report, come again";
  EXPECT_EQ(TroubleOf(entity).attempt_count(), 1);
  ASSERT_TRUE(IsReplayed(entity, 1));
  EXPECT_OK(Report({Refused(entity, 7)}));
  EXPECT_EQ(StateOf(entity), v1::REPLICA_STATE_DEAD);
  EXPECT_EQ(TroubleOf(entity).error().reason(), "UNAUTHORIZED");
  EXPECT_THAT(TroubleOf(entity).error().message(), HasSubstr("gave up after 2 attempts"));
  EXPECT_EQ(Told()[v1::EVENT_KIND_HELD], 0);
}

TEST_F(HoldTest, WhatIsHeldWhenAPlatformStopsHoldingIsReleasedAllTheSame) {
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Refused(entity, 7)}));
  hold()->set_is_off(true);
  Say();
  EXPECT_OK(Report({Refused(entity, 7)})) << "the same report, come again";
  EXPECT_EQ(StateOf(entity), v1::REPLICA_STATE_HELD);
  EXPECT_OK(LoginWorks());
  ASSERT_TRUE(IsReplayed(entity, 1));
  EXPECT_OK(Report({Refused(entity, 7)}));
  EXPECT_EQ(StateOf(entity), v1::REPLICA_STATE_RETRY);
}

TEST_F(HoldTest, EachPlatformSaysHowLongIsTooLong) {
  hold()->mutable_lifetime()->set_seconds(3600);
  Say();
  v1::Sync to_shop;
  to_shop.set_source_platform("atlas");
  to_shop.set_source_model("public.country");
  to_shop.set_target_platform("shop");
  to_shop.set_target_model("public.nations");
  v1::Sync to_museum = to_shop;
  to_museum.set_target_platform("museum");
  peers_.SetRules({to_shop, to_museum});
  Start();
  const Uuid entity = Plan("1", 7);
  const Uuid elsewhere = Plan("2", 7);
  EXPECT_OK(Report({Refused(entity, 7)}));
  v1::ReportRequest other;
  other.set_platform("museum");
  *other.add_outcomes() = Refused(elsewhere, 7);
  EXPECT_OK(feedback_->Call(&Stub::Report, other));
  Stop();
  clock_.Advance(absl::Minutes(59));
  Start();
  EXPECT_TRUE(Stays([&] { return StateOf(entity) == v1::REPLICA_STATE_HELD; }, absl::Milliseconds(500)));
  Stop();
  clock_.Advance(absl::Minutes(2));
  ASSERT_TRUE(IsDeadAfterATurn(entity));
  EXPECT_EQ(TroubleOf(entity).error().reason(), "UNAUTHORIZED");
  EXPECT_EQ(StateOf(elsewhere), v1::REPLICA_STATE_HELD) << "for 30 days";
  EXPECT_EQ(Told()[v1::EVENT_KIND_DEAD], 1);
}

TEST_F(HoldTest, NothingExpiresWhileNobodyKnowsHowLongIsTooLong) {
  hold()->mutable_lifetime()->set_seconds(365 * 86400);
  Say();
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Refused(entity, 7)}));
  Stop();
  clock_.Advance(absl::Hours(24 * 40));
  peers_.SetDown({"registry"});
  Start();
  EXPECT_TRUE(Stays([&] { return StateOf(entity) == v1::REPLICA_STATE_HELD; }, absl::Milliseconds(500)));
  Stop();
  peers_.SetDown({});
  clock_.Advance(absl::Hours(24 * 326));
  EXPECT_TRUE(IsDeadAfterATurn(entity));
}

TEST_F(HoldTest, AfterItsReleasesWhatIsRefusedAgainIsDead) {
  hold()->set_max_releases(2);
  Say();
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Refused(entity, 7)}));
  EXPECT_OK(LoginWorks());
  EXPECT_OK(Report({Refused(entity, 7)})) << "the same report, come again: it does not undo the release";
  ASSERT_TRUE(IsReplayed(entity, 1));
  EXPECT_OK(Report({Refused(entity, 7)}));
  EXPECT_EQ(StateOf(entity), v1::REPLICA_STATE_HELD) << "released once";
  EXPECT_EQ(RetryHeld().replayed_count(), 1) << "by hand counts as well";
  EXPECT_OK(Report({Refused(entity, 7)}));
  EXPECT_EQ(StateOf(entity), v1::REPLICA_STATE_DEAD);
  EXPECT_EQ(TroubleOf(entity).error().reason(), "UNAUTHORIZED");
  EXPECT_EQ(TroubleOf(entity).error().message(),
            "refused again after 2 releases; the last answer was: the message of UNAUTHORIZED");
  EXPECT_OK(Report({Refused(entity, 7)})) << "the same report, come again";
  std::map<v1::EventKind, int> told = Told();
  EXPECT_EQ(told[v1::EVENT_KIND_RELEASED], 2);
  EXPECT_EQ(told[v1::EVENT_KIND_HELD], 2);
  EXPECT_EQ(told[v1::EVENT_KIND_DEAD], 1);
  EXPECT_OK(Report({Refused(entity, 8)}));
  EXPECT_EQ(StateOf(entity), v1::REPLICA_STATE_HELD) << "a newer version begins anew";
}

TEST_F(HoldTest, APersonsRedriveForgetsReleases) {
  hold()->set_max_releases(1);
  Say();
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Refused(entity, 7)}));
  RetryHeld();
  EXPECT_OK(Report({Refused(entity, 7)}));
  EXPECT_EQ(StateOf(entity), v1::REPLICA_STATE_DEAD);
  EXPECT_EQ(feedback_->Call(&Stub::Redrive, v1::RedriveRequest())->redriven_count(), 1);
  ASSERT_TRUE(IsReplayed(entity, 2));
  EXPECT_OK(Report({Refused(entity, 7)}));
  EXPECT_EQ(StateOf(entity), v1::REPLICA_STATE_HELD);
}

TEST_F(HoldTest, WhereAPersonAloneReleasesAWorkingLoginFreesNothing) {
  hold()->set_is_manual(true);
  Say();
  Start();
  const Uuid entity = Plan("1", 7);
  const Uuid nobodys = Plan("2", 7);
  EXPECT_OK(Report({Refused(entity, 7), Refused(nobodys, 7, "")}));
  EXPECT_OK(LoginWorks());
  v1::ReportRequest recovered;
  recovered.set_platform("shop");
  recovered.add_platform_events()->set_kind(v1::EVENT_KIND_PLATFORM_RECOVERED);
  EXPECT_OK(feedback_->Call(&Stub::Report, recovered));
  clock_.Advance(absl::Minutes(10));
  EXPECT_TRUE(Stays([&] { return ReplaysOf(entity) + ReplaysOf(nobodys) == 0; }, absl::Milliseconds(500)));
  EXPECT_EQ(Told()[v1::EVENT_KIND_RELEASED], 0);
  EXPECT_EQ(RetryHeld().replayed_count(), 1);
  EXPECT_EQ(ReplaysOf(entity), 1);
  v1::RedriveRequest request;
  request.mutable_filter()->set_state(v1::REPLICA_STATE_HELD);
  EXPECT_EQ(feedback_->Call(&Stub::Redrive, request)->redriven_count(), 2) << "the one of nobody as well";
  EXPECT_TRUE(IsReplayed(nobodys, 1));
  EXPECT_EQ(Told()[v1::EVENT_KIND_RELEASED], 1);
}

TEST_F(HoldTest, ThousandsAreReleasedByOneAnswer) {
  Start();
  constexpr int kRecords = 2500;
  std::vector<v1::Outcome> refused;
  for (int i = 0; i < kRecords; ++i) refused.push_back(Refused(Plan(std::to_string(i), 7), 7));
  EXPECT_OK(Report(refused));
  EXPECT_OK(LoginWorks());
  EXPECT_EQ(Told()[v1::EVENT_KIND_RELEASED], kRecords);
  EXPECT_TRUE(Eventually([&] {
    clock_.Advance(absl::Milliseconds(500));
    int replayed = 0;
    for (const v1::ReplayRequest& replay : peers_.replays()) replayed += replay.records_size();
    return replayed == kRecords;
  }));
}

}  // namespace
}  // namespace cognate::feedback
