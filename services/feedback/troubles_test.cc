// What people ask of the troubles, and do with them.
#include "gtest/gtest.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::feedback {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using test_support::Stays;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TroublesTest : public FeedbackTest {
 protected:
  v1::Outcome Refused(const Uuid& entity, int64_t version, const std::string& reason = "VALUE_TOO_LONG") {
    return Outcome(entity, version, v1::OUTCOME_STATUS_REJECTED, reason);
  }
  v1::Outcome Held(const Uuid& entity, int64_t version, const std::string& identity) {
    v1::Outcome outcome = Outcome(entity, version, v1::OUTCOME_STATUS_UNAUTHENTICATED, "UNAUTHORIZED");
    outcome.set_acting_identity(identity);
    return outcome;
  }
  int Count(const std::function<void(v1::TroubleFilter*)>& set) {
    v1::ListTroublesRequest request;
    set(request.mutable_filter());
    const auto response = feedback_->Call(&Stub::ListTroubles, request);
    EXPECT_OK(response);
    return response.ok() ? response->troubles_size() : -1;
  }
  absl::StatusOr<v1::DiscardTroublesResponse> Discard(bool force, int expected = -1,
                                                      const std::string& reason = "VALUE_TOO_LONG") {
    v1::DiscardTroublesRequest request;
    request.mutable_filter()->set_reason(reason);
    request.set_force(force);
    if (expected >= 0) request.set_expected_count(expected);
    return feedback_->Call(&Stub::DiscardTroubles, request);
  }
  absl::StatusOr<v1::RetryHeldResponse> RetryHeld(const std::string& identity) {
    v1::RetryHeldRequest request;
    request.set_acting_identity(identity);
    return feedback_->Call(&Stub::RetryHeld, request);
  }
};

TEST_F(TroublesTest, OneFilterMeansTheSameForAll) {
  Start();
  const Uuid first = Plan("1", 7);
  const Uuid second = Plan("2", 7);
  EXPECT_OK(Report({Refused(first, 7), Refused(second, 8, "NO")}));
  clock_.Advance(absl::Hours(1));
  EXPECT_OK(Report({Held(Plan("3", 9), 9, "ada")}));
  EXPECT_EQ(Count([](auto* filter) { filter->set_reason("NO"); }), 1);
  EXPECT_EQ(Count([](auto* filter) { filter->set_platform("shop"); }), 3);
  EXPECT_EQ(Count([](auto* filter) { filter->set_platform("other"); }), 0);
  EXPECT_EQ(Count([](auto* filter) { filter->set_state(v1::REPLICA_STATE_DEAD); }), 2);
  EXPECT_EQ(Count([](auto* filter) { filter->set_target_model("public.nations"); }), 3);
  EXPECT_EQ(Count([](auto* filter) { filter->set_target_model("public.other"); }), 0);
  EXPECT_EQ(Count([](auto* filter) { filter->set_acting_identity("ada"); }), 1);
  EXPECT_EQ(Count([](auto* filter) { *filter->mutable_source() = Record("2"); }), 1);
  EXPECT_EQ(Count([](auto* filter) { filter->mutable_source()->set_platform("atlas"); }), 3);
  const int64_t half_an_hour_ago = absl::ToUnixSeconds(clock_.Now() - absl::Minutes(30));
  EXPECT_EQ(Count([&](auto* filter) { filter->mutable_created_before()->set_seconds(half_an_hour_ago); }), 2);
  EXPECT_EQ(Count([&](auto* filter) { filter->mutable_created_since()->set_seconds(half_an_hour_ago); }), 1);

  v1::ListTroublesRequest request;
  request.set_platform("shop");
  request.mutable_filter()->set_platform("other");
  EXPECT_THAT(feedback_->Call(&Stub::ListTroubles, request), HasReason("INVALID_FIELD"));
  request.clear_platform();
  request.mutable_filter()->set_sync("syncs/none");
  EXPECT_THAT(feedback_->Call(&Stub::ListTroubles, request), HasReason("SYNC_NOT_FOUND"));
  v1::Sync sync;
  sync.set_name("syncs/some");
  sync.set_source_platform("atlas");
  sync.set_source_model("public.country");
  sync.set_target_platform("shop");
  sync.set_target_model("public.nations");
  peers_.syncs = {sync};
  EXPECT_EQ(Count([](auto* filter) { filter->set_sync("syncs/some"); }), 3);
}

TEST_F(TroublesTest, GroupsAreCountedMostFirst) {
  Start();
  EXPECT_OK(Report({Refused(Plan("1", 7), 7)}));
  const absl::Time began = clock_.Now();
  clock_.Advance(absl::Hours(1));
  EXPECT_OK(Report({Refused(Plan("2", 8), 8), Refused(Plan("3", 9), 9, "NO")}));
  ASSERT_OK_AND_ASSIGN(const v1::GroupTroublesResponse response,
                       feedback_->Call(&Stub::GroupTroubles, v1::GroupTroublesRequest()));
  EXPECT_EQ(response.total_count(), 3);
  ASSERT_THAT(response.groups(), SizeIs(2));
  EXPECT_EQ(response.groups(0).reason(), "VALUE_TOO_LONG");
  EXPECT_EQ(response.groups(0).state(), v1::REPLICA_STATE_DEAD);
  EXPECT_EQ(response.groups(0).count(), 2);
  EXPECT_EQ(response.groups(0).oldest_time().seconds(), absl::ToUnixSeconds(began));
  EXPECT_EQ(response.groups(0).newest_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(response.groups(0).sample_message(), "the message of VALUE_TOO_LONG");
}

TEST_F(TroublesTest, OneIsShownWithWhatWouldBeSentNow) {
  Start();
  const Uuid entity = Plan("1", 7);
  v1::GetTroubleRequest request;
  request.set_entity_id(entity.ToString());
  request.set_platform("shop");
  request.set_model("public.nations");
  EXPECT_THAT(feedback_->Call(&Stub::GetTrouble, request), HasReason("TROUBLE_NOT_FOUND"));
  EXPECT_OK(Report({Refused(entity, 7)}));
  v1::RenderedRecord* const rendered = peers_.preview.add_records();
  rendered->set_platform("shop");
  rendered->set_model("public.nations");
  rendered->add_fields()->set_name("title");
  ASSERT_OK_AND_ASSIGN(v1::GetTroubleResponse response, feedback_->Call(&Stub::GetTrouble, request));
  EXPECT_EQ(response.trouble().error().message(), "the message of VALUE_TOO_LONG");
  EXPECT_EQ(response.trouble().operation(), v1::OPERATION_UPDATE);
  ASSERT_THAT(response.rendered().fields(), SizeIs(1));
  peers_.SetDown({"transformer"});
  ASSERT_OK_AND_ASSIGN(response, feedback_->Call(&Stub::GetTrouble, request));
  EXPECT_FALSE(response.has_rendered());
  EXPECT_THAT(response.steps(), SizeIs(1));
}

TEST_F(TroublesTest, WhatIsDiscardedIsCountedFirstAndDoesNotComeBack) {
  Start();
  const Uuid entity = Plan("1", 7);
  const Uuid other = Plan("2", 7);
  EXPECT_OK(Report({Refused(entity, 7), Refused(other, 7, "NO")}));
  ASSERT_OK_AND_ASSIGN(v1::DiscardTroublesResponse response, Discard(/*force=*/false));
  EXPECT_EQ(response.discarded_count(), 1);
  ASSERT_THAT(response.samples(), SizeIs(1));
  EXPECT_EQ(response.samples(0).entity_id(), entity.ToString());
  EXPECT_THAT(Troubles(), SizeIs(2)) << "only counted";
  EXPECT_THAT(Discard(/*force=*/true, 2), HasReason("COUNT_CHANGED"));
  EXPECT_THAT(feedback_->Call(&Stub::DiscardTroubles, v1::DiscardTroublesRequest()),
              HasReason("INVALID_FIELD"));

  ASSERT_OK_AND_ASSIGN(response, Discard(/*force=*/true, 1));
  EXPECT_EQ(response.discarded_count(), 1);
  ASSERT_THAT(Troubles(), SizeIs(1));
  EXPECT_EQ(TroubleOf(other).error().reason(), "NO");
  EXPECT_EQ(peers_.Get(entity, "shop", "public.nations").applied, 7);
  ASSERT_OK_AND_ASSIGN(response, Discard(/*force=*/true));
  EXPECT_EQ(response.discarded_count(), 0) << "once more";
  v1::RefillRequest refill;
  refill.set_platform("shop");
  refill.mutable_planned_before()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 1000);
  EXPECT_OK(feedback_->Call(&Stub::Refill, refill));
  EXPECT_EQ(feedback_->Call(&Stub::Redrive, v1::RedriveRequest())->redriven_count(), 1) << "the other";
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(other) == 1; }));
  EXPECT_EQ(ReplaysOf(entity), 0);
}

TEST_F(TroublesTest, WhatIsOnItsWayIsNotDiscarded) {
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Failed(entity, 7)}));
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(Eventually([&] { return ReplaysOf(entity) == 1; }));
  v1::DiscardTroublesRequest request;
  request.mutable_filter()->set_state(v1::REPLICA_STATE_RETRY);
  request.set_force(true);
  EXPECT_EQ(feedback_->Call(&Stub::DiscardTroubles, request)->discarded_count(), 0);
  EXPECT_OK(Report({Failed(entity, 7)}));
  EXPECT_EQ(feedback_->Call(&Stub::DiscardTroubles, request)->discarded_count(), 1);
  EXPECT_THAT(Troubles(), IsEmpty());
}

TEST_F(TroublesTest, WhereTheLedgerIsAwayNothingIsDiscardedYet) {
  Start();
  EXPECT_OK(Report({Refused(Plan("1", 7), 7)}));
  peers_.SetDown({"registry"});
  EXPECT_FALSE(Discard(/*force=*/true).ok());
  EXPECT_THAT(Troubles(), SizeIs(1));
  peers_.SetDown({});
  EXPECT_EQ(Discard(/*force=*/true)->discarded_count(), 1);
}

TEST_F(TroublesTest, WhatIsHeldIsFreedByItsOwnIdentity) {
  Start();
  const Uuid ada = Plan("1", 7);
  const Uuid bob = Plan("2", 7);
  const Uuid nobody = Plan("3", 7);
  EXPECT_OK(Report({Held(ada, 7, "ada"), Held(bob, 7, "bob"), Held(nobody, 7, "")}));
  EXPECT_EQ(TroubleOf(ada).acting_identity(), "ada");
  EXPECT_EQ(TroubleOf(ada).hold_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  v1::Outcome applied = Applied(Plan("4", 8), 8);
  applied.set_acting_identity("ada");
  EXPECT_OK(Report({applied}));
  clock_.Advance(absl::Seconds(3));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(ada) == 1 && ReplaysOf(nobody) == 1; }));
  EXPECT_EQ(ReplaysOf(bob), 0);
}

TEST_F(TroublesTest, WhatIsHeldForAnIdentityIsReleasedByHand) {
  Start();
  const Uuid first = Plan("1", 7);
  const Uuid bob = Plan("2", 7);
  const Uuid unknown = Plan("9", 7);
  peers_.ForgetChange(Record("9"));
  EXPECT_OK(Report({Held(first, 7, "ada"), Held(bob, 7, "bob"), Held(unknown, 7, "ada")}));
  EXPECT_THAT(RetryHeld(""), HasReason("INVALID_FIELD"));
  ASSERT_OK_AND_ASSIGN(v1::RetryHeldResponse response, RetryHeld("ada"));
  EXPECT_EQ(response.total_count(), 2);
  EXPECT_EQ(response.replayed_count(), 1);
  EXPECT_EQ(response.failed_count(), 1);
  ASSERT_THAT(response.errors(), SizeIs(1));
  EXPECT_EQ(response.errors(0).error().reason(), "RECORD_UNKNOWN");
  EXPECT_EQ(ReplaysOf(first), 1);
  EXPECT_EQ(ReplaysOf(bob), 0);
  EXPECT_EQ(RetryHeld("ada")->total_count(), 0) << "it is on its way";
  EXPECT_OK(Report({Held(first, 7, "ada")}));
  EXPECT_EQ(TroubleOf(first).attempt_count(), 2);
  EXPECT_OK(RetryHeld("ada"));
  EXPECT_OK(Report({Applied(first, 7)}));
  EXPECT_EQ(TroubleOf(first).entity_id(), "");
}

TEST_F(TroublesTest, WhatCannotBeReleasedIsToldAndHeldStill) {
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Held(entity, 7, "ada")}));
  peers_.SetDown({"change_capture"});
  ASSERT_OK_AND_ASSIGN(const v1::RetryHeldResponse response, RetryHeld("ada"));
  EXPECT_EQ(response.total_count(), 1);
  EXPECT_EQ(response.failed_count(), 1);
  EXPECT_EQ(TroubleOf(entity).state(), v1::REPLICA_STATE_HELD);
}

TEST_F(TroublesTest, ANewerDeleteEndsWhatWasHeldOrFailed) {
  Start();
  const Uuid held = Plan("1", 7);
  const Uuid failed = Plan("2", 7);
  const Uuid dead = Plan("3", 7);
  EXPECT_OK(Report({Held(held, 7, "ada"), Failed(failed, 7), Refused(dead, 7)}));
  EXPECT_THAT(Troubles(), SizeIs(3));
  std::vector<v1::Outcome> deleted;
  for (const Uuid& entity : {held, failed, dead}) {
    deleted.push_back(Applied(entity, 8));
    deleted.back().set_operation(v1::OPERATION_DELETE);
    deleted.back().set_local_id("");
  }
  EXPECT_OK(Report(deleted));
  EXPECT_THAT(Troubles(), IsEmpty());
}

TEST_F(TroublesTest, WhatIsHeldForTooLongIsDeadWithItsReason) {
  config_.retry.hold.lifetime = absl::Hours(24);
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Held(entity, 7, "ada")}));
  Stop();
  clock_.Advance(absl::Hours(23));
  Start();
  EXPECT_TRUE(
      Stays([&] { return TroubleOf(entity).state() == v1::REPLICA_STATE_HELD; }, absl::Milliseconds(500)));
  Stop();
  clock_.Advance(absl::Hours(2));
  Start();
  ASSERT_TRUE(Eventually([&] { return TroubleOf(entity).state() == v1::REPLICA_STATE_DEAD; }));
  EXPECT_EQ(TroubleOf(entity).error().reason(), "UNAUTHORIZED");
  EXPECT_THAT(TroubleOf(entity).error().message(), ::testing::HasSubstr("the message of UNAUTHORIZED"));
  EXPECT_EQ(feedback_->Call(&Stub::Redrive, v1::RedriveRequest())->redriven_count(), 1);
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(entity) == 1; }));
}

}  // namespace
}  // namespace cognate::feedback
