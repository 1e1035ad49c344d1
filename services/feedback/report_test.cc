#include <thread>

#include "gtest/gtest.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::feedback {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using test_support::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReportTest : public FeedbackTest {
 protected:
  ReportTest() { Start(); }
};

TEST_F(ReportTest, SettlesWhatWasAppliedInOneCallAndWritesNoTrouble) {
  const Uuid applied = Plan("1", 7);
  const Uuid deleted = Plan("2", 8);
  v1::Outcome gone = Applied(deleted, 8);
  gone.set_operation(v1::OPERATION_DELETE);
  EXPECT_OK(Report({Applied(applied, 7), gone}));
  EXPECT_EQ(peers_.settle_calls(), 1);
  EXPECT_EQ(peers_.Get(applied, "shop", "public.nations").applied, 7);
  EXPECT_EQ(peers_.Get(applied, "shop", "public.nations").local_id, "l1");
  EXPECT_EQ(peers_.Get(applied, "shop", "public.nations").fingerprint, "f");
  EXPECT_TRUE(peers_.Get(deleted, "shop", "public.nations").deleted);
  EXPECT_THAT(Troubles(), IsEmpty());
}

TEST_F(ReportTest, ComeTwiceChangesNothing) {
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Failed(entity, 7)}));
  const v1::Trouble once = TroubleOf(entity);
  EXPECT_EQ(once.state(), v1::REPLICA_STATE_RETRY);
  EXPECT_EQ(once.attempt_count(), 1);
  EXPECT_EQ(peers_.Get(entity, "shop", "public.nations").parked, 7);
  EXPECT_OK(Report({Failed(entity, 7)}));
  EXPECT_THAT(TroubleOf(entity), test_support::EqualsProto(once));
}

TEST_F(ReportTest, OfSeveralOutcomesTheNewestCounts) {
  const Uuid entity = Plan("1", 9);
  const Uuid other = Plan("2", 9);
  EXPECT_OK(
      Report({Failed(entity, 7), Applied(entity, 8), Applied(other, 8), Failed(other, 9), Failed(other, 8)}));
  EXPECT_EQ(TroubleOf(entity).version(), 0) << "settled at a newer version";
  EXPECT_EQ(TroubleOf(other).version(), 9);
  EXPECT_EQ(peers_.Get(other, "shop", "public.nations").applied, 8);
}

TEST_F(ReportTest, ANewerVersionClearsAnOlderTroubleAndAnOlderOneDoesNot) {
  const Uuid entity = Plan("1", 9);
  EXPECT_OK(Report({Outcome(entity, 8, v1::OUTCOME_STATUS_REJECTED, "TOO_LONG")}));
  EXPECT_OK(Report({Applied(entity, 7)}));
  EXPECT_EQ(TroubleOf(entity).version(), 8);
  EXPECT_OK(Report({Outcome(entity, 7, v1::OUTCOME_STATUS_REJECTED, "OLD")}));
  EXPECT_EQ(TroubleOf(entity).error().reason(), "TOO_LONG");
  EXPECT_OK(Report({Applied(entity, 8)}));
  EXPECT_THAT(Troubles(), IsEmpty());
}

TEST_F(ReportTest, WhatWasDeletedOnTheTargetIsDeletedOnceMoreBeforeAnythingIsSettled) {
  const Uuid entity = Plan("1", 7);
  v1::Outcome vain = Outcome(entity, 7, v1::OUTCOME_STATUS_SKIPPED, "DELETED_ON_TARGET");
  vain.set_local_id("l1");
  const Uuid other = Plan("2", 8);
  EXPECT_OK(Report({vain, Outcome(other, 8, v1::OUTCOME_STATUS_SKIPPED, "RECORD_EXISTS")}));
  const auto replays = peers_.replays();
  ASSERT_THAT(replays, SizeIs(1));
  EXPECT_THAT(replays[0],
              test_support::EqualsProto("records { platform: 'shop' model: 'public.nations' local_id: 'l1' } "
                                        "deleted_before: 7"));
  EXPECT_EQ(peers_.Get(entity, "shop", "public.nations").applied, 7);
}

TEST_F(ReportTest, WhatCannotBeDeletedOnceMoreIsTriedAgainAndHoldsNothingElseUp) {
  const Uuid entity = Plan("1", 7);
  const Uuid other = Plan("2", 8);
  v1::Outcome vain = Outcome(entity, 7, v1::OUTCOME_STATUS_SKIPPED, "DELETED_ON_TARGET");
  vain.set_local_id("l1");
  peers_.SetDown({"change_capture"});
  EXPECT_OK(Report({vain, Applied(other, 8)}));
  EXPECT_EQ(TroubleOf(entity).state(), v1::REPLICA_STATE_RETRY);
  EXPECT_EQ(peers_.Get(other, "shop", "public.nations").applied, 8);
}

TEST_F(ReportTest, TellsWhatIsWrongWithAReport) {
  EXPECT_THAT(feedback_->Call(&Stub::Report, v1::ReportRequest()), HasReason("INVALID_FIELD"));
  v1::Outcome nobody = Applied(Plan("1", 1), 1);
  nobody.set_entity_id("short");
  EXPECT_THAT(Report({nobody}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("outcomes[0].entity_id")));
  EXPECT_THAT(Report(std::vector<v1::Outcome>(10'001, Applied(Plan("1", 1), 1))), HasReason("INVALID_FIELD"));
}

TEST_F(ReportTest, FreesWhatWaitsForAnAppliedRecord) {
  const Uuid parent = Plan("1", 7);
  const Uuid child = Plan("2", 8);
  EXPECT_OK(Report({Waits(child, 8, parent)}));
  EXPECT_EQ(TroubleOf(child).state(), v1::REPLICA_STATE_WAITING);
  EXPECT_EQ(TroubleOf(child).waits_for().local_id(), "1");
  EXPECT_EQ(ReplaysOf(child), 0);
  EXPECT_OK(Report({Applied(parent, 7)}));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(child) == 1; }));
  EXPECT_OK(Report({Applied(child, 8)}));
  EXPECT_THAT(Troubles(), IsEmpty());
}

TEST_F(ReportTest, NoWakeUpIsLostWhenTheAwaitedComesBetweenDeliveryAndTrouble) {
  const Uuid parent = Plan("1", 7);
  const Uuid child = Plan("2", 8);
  // The parent's whole report runs after delivery has found it missing, and before the child's trouble is
  // there.
  EXPECT_OK(Report({Applied(parent, 7)}));
  EXPECT_OK(Report({Waits(child, 8, parent)}));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(child) == 1; }));
}

TEST_F(ReportTest, NoWakeUpIsLostInARace) {
  for (int round = 0; round < 30; ++round) {
    const Uuid parent = Plan("p" + std::to_string(round), 7);
    const Uuid child = Plan("c" + std::to_string(round), 8);
    std::thread first([&] { EXPECT_OK(Report({Applied(parent, 7)})); });
    EXPECT_OK(Report({Waits(child, 8, parent)}));
    first.join();
    ASSERT_TRUE(Eventually([&] { return ReplaysOf(child) >= 1; })) << "round " << round;
  }
}

TEST_F(ReportTest, WhatCouldNotBeInspectedIsInspectedSoon) {
  const Uuid parent = Plan("1", 7);
  const Uuid child = Plan("2", 8);
  EXPECT_OK(Report({Applied(parent, 7)}));
  // The registry goes away right after the child was parked.
  peers_.OnCall("Settle", [&] { peers_.SetDown({"registry"}); });
  EXPECT_OK(Report({Waits(child, 8, parent)}));
  peers_.OnCall("Settle", {});
  peers_.SetDown({});
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(child) == 1; }));
}

TEST_F(ReportTest, OpensACycleAtItsOptionalSide) {
  const Uuid strict = Plan("1", 7);
  const Uuid optional = Plan("2", 8);
  EXPECT_OK(Report({Waits(strict, 7, optional)}));
  EXPECT_OK(Report({Waits(optional, 8, strict, /*optional=*/true)}));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(optional, /*allow_incomplete=*/true) == 1; }));
  EXPECT_EQ(ReplaysOf(strict), 0);
  // It is written without the reference, which frees the other; that one's outcome frees it again.
  EXPECT_OK(Report({Waits(optional, 8, strict, true, v1::OUTCOME_STATUS_INCOMPLETE)}));
  EXPECT_EQ(peers_.Get(optional, "shop", "public.nations").local_id, "l2");
  EXPECT_EQ(peers_.Get(optional, "shop", "public.nations").applied, 0);
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(strict) == 1; }));
  EXPECT_EQ(ReplaysOf(optional), 0);
  EXPECT_OK(Report({Applied(strict, 7)}));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(optional) == 1; }));
  EXPECT_OK(Report({Applied(optional, 8)}));
  EXPECT_THAT(Troubles(), IsEmpty());
}

TEST_F(ReportTest, ACycleWithoutAnOptionalSideIsDeadAndSaysSo) {
  const Uuid a = Plan("1", 7);
  const Uuid b = Plan("2", 8);
  const Uuid c = Plan("3", 9);
  EXPECT_OK(Report({Waits(a, 7, b), Waits(b, 8, c)}));
  EXPECT_OK(Report({Waits(c, 9, a)}));
  for (const Uuid& entity : {a, b, c}) {
    const v1::Trouble trouble = TroubleOf(entity);
    EXPECT_EQ(trouble.state(), v1::REPLICA_STATE_DEAD);
    EXPECT_EQ(trouble.error().reason(), "REFERENCE_CYCLE");
    EXPECT_THAT(trouble.error().message(),
                HasSubstr("public.country 1 on atlas waits for public.country 2 on atlas, which waits for "
                          "public.country 3 on atlas, which waits for public.country 1 on atlas"));
  }
  // A newer change that breaks it brings the others back.
  EXPECT_OK(Report({Applied(a, 10)}));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(c) == 1; }));
}

TEST_F(ReportTest, HeldIsSentAgainAfterTheNextSuccessfulLogin) {
  const Uuid held = Plan("1", 7);
  const Uuid other = Plan("2", 8);
  EXPECT_OK(Report({Outcome(held, 7, v1::OUTCOME_STATUS_UNAUTHENTICATED, "LOGIN")}));
  EXPECT_EQ(TroubleOf(held).state(), v1::REPLICA_STATE_HELD);
  EXPECT_OK(Report({Applied(other, 8)}));
  clock_.Advance(absl::Seconds(3));
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(held) == 1; }));
}

TEST_F(ReportTest, IsUnavailableAndWritesNothingWhileTheLedgerIs) {
  const Uuid applied = Plan("1", 7);
  const Uuid failed = Plan("2", 7);
  peers_.SetDown({"registry"});
  EXPECT_THAT(Report({Applied(applied, 7), Failed(failed, 7)}), StatusIs(absl::StatusCode::kUnavailable));
  peers_.SetDown({});
  EXPECT_THAT(Troubles(), IsEmpty());
  EXPECT_OK(Report({Applied(applied, 7), Failed(failed, 7)}));
  EXPECT_THAT(Troubles(), SizeIs(1));
}

TEST_F(ReportTest, ListsTroublesInPagesAndByFilter) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_OK(
        Report({i % 2 == 0 ? Failed(Plan(std::to_string(i), 7), 7)
                           : Outcome(Plan(std::to_string(i), 7), 7, v1::OUTCOME_STATUS_REJECTED, "NO")}));
    clock_.Advance(absl::Milliseconds(1));
  }
  v1::ListTroublesRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen;
  do {
    ASSERT_OK_AND_ASSIGN(const v1::ListTroublesResponse page, feedback_->Call(&Stub::ListTroubles, request));
    for (const v1::Trouble& trouble : page.troubles()) seen.push_back(trouble.source().local_id());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(seen, ::testing::ElementsAre("0", "1", "2", "3", "4"));
  request = {};
  request.set_platform("shop");
  request.set_state(v1::REPLICA_STATE_DEAD);
  EXPECT_THAT(feedback_->Call(&Stub::ListTroubles, request)->troubles(), SizeIs(2));
  request.set_page_token("nonsense");
  EXPECT_THAT(feedback_->Call(&Stub::ListTroubles, request), HasReason("INVALID_FIELD"));
}

TEST_F(ReportTest, CountsBySyncAndByTarget) {
  v1::Sync sync;
  sync.set_name("syncs/nations");
  sync.set_source_platform("atlas");
  sync.set_source_model("public.country");
  sync.set_target_platform("shop");
  sync.set_target_model("public.nations");
  peers_.syncs = {sync};
  peers_.counts = test_support::ParseProto<v1::CountReplicasResponse>(
      "counts { sync: 'syncs/nations' total_count: 10 converged_count: 5 pending_count: 3 parked_count: 2 }");
  EXPECT_OK(Report({Applied(Plan("1", 7), 7), Applied(Plan("2", 7), 7), Failed(Plan("3", 7), 7),
                    Outcome(Plan("4", 7), 7, v1::OUTCOME_STATUS_REJECTED, "NO")}));
  ASSERT_OK_AND_ASSIGN(const v1::GetStatsResponse stats,
                       feedback_->Call(&Stub::GetStats, v1::GetStatsRequest()));
  EXPECT_THAT(stats.syncs(0),
              test_support::EqualsProto("sync: 'syncs/nations' total_count: 10 converged_count: 5 "
                                        "pending_count: 3 retry_count: 1 dead_count: 1"));
  EXPECT_EQ(stats.targets(0).platform(), "shop");
  EXPECT_EQ(stats.targets(0).applied_last_minute_count(), 2);
  EXPECT_EQ(stats.targets(0).applied_last_day_count(), 2);
}

}  // namespace
}  // namespace cognate::feedback
