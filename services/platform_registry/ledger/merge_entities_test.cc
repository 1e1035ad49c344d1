// Records that were captured on two platforms, each as an entity of its own, and are one by what the targets
// answer.
#include "common/worker/worker.h"
#include "services/platform_registry/ledger/ledger_fixture.h"

namespace cognate::platform_registry {
namespace {

using v1::SETTLE_KIND_APPLIED;
using v1::SETTLE_KIND_PARKED;

class MergeEntitiesTest : public LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    ASSERT_OK(registry_.Call(&RegistryStub::CreateSync,
                             "sync { name: 'syncs/atlas' source_platform: 'shop' source_model: 'country' "
                             "target_platform: 'atlas' target_model: 'country' all_fields: true }"));
  }
  // Captured on both sides, and on its way to both.
  void Capture(const std::string& left, int64_t left_version, const std::string& right,
               int64_t right_version) {
    ours_ = ledger_.Entity(left, left_version);
    theirs_ = ledger_.Entity(right, right_version, true, "shop");
    EXPECT_EQ(ledger_.PlanOne({ours_, left_version}), "DUE");
    EXPECT_EQ(ledger_.PlanOne({theirs_, right_version}, "atlas"), "DUE");
  }
  std::string EntityOf(const std::string& local_id, const std::string& platform) {
    return ledger_.Entity(local_id, 0, false, platform);
  }
  // "1 of shop 17": versions and sources of what is due there.
  std::string Pending(const std::string& platform) {
    const auto response =
        registry_.Call(&LedgerStub::ListPending,
                       absl::StrCat("platform: '", platform, "' planned_before { seconds: 4102444800 }"));
    if (!response.ok()) return ErrorReason(response.status());
    std::string text;
    for (const v1::PendingReplica& replica : response->replicas()) {
      absl::StrAppend(&text, text.empty() ? "" : ", ", replica.desired_version(), " of ",
                      replica.source().platform(), " ", replica.source().local_id());
    }
    return text;
  }

  std::string ours_, theirs_;
};

TEST_F(MergeEntitiesTest, AClaimOfARecordThatIsKnownThereAloneMakesTheTwoOne) {
  Capture("1", 1, "17", 2);
  // The shop's own record is newer than what it was sent, and stays.
  ASSERT_OK(ledger_.Settle({{ours_, 2, SETTLE_KIND_APPLIED, "17", ""}}));
  EXPECT_EQ(EntityOf("17", "shop"), ours_);
  EXPECT_EQ(EntityOf("1", "atlas"), ours_);
  EXPECT_EQ(ledger_.Replica("1"), "17 desired=1 applied=2 CONVERGED");
  EXPECT_EQ(ledger_.Replica("1", "atlas"), "1 desired=2 applied=0 PENDING") << "what the shop has";
  EXPECT_EQ(Pending("atlas"), "2 of shop 17");
  EXPECT_EQ(Pending("shop"), "");
  EXPECT_EQ(ledger_.PlanOne({ours_, 2}, "atlas"), "DUE 1");
}

TEST_F(MergeEntitiesTest, AnAnswerThatComesLateForTheOneThatEndedIsOfTheOther) {
  Capture("1", 1, "17", 2);
  ASSERT_OK(ledger_.Settle({{ours_, 2, SETTLE_KIND_APPLIED, "17", ""}}));
  // Written to the atlas before anybody knew.
  for (int time = 0; time < 2; ++time) {
    ASSERT_OK(ledger_.Settle({{theirs_, 2, SETTLE_KIND_APPLIED, "1", ""}}, "atlas"));
    EXPECT_EQ(ledger_.Replica("1", "atlas"), "1 desired=2 applied=2 CONVERGED");
  }
  EXPECT_EQ(EntityOf("1", "atlas"), ours_);
  EXPECT_EQ(Pending("atlas"), "");
}

TEST_F(MergeEntitiesTest, WhatWasPlannedForTheOneThatEndedIsDueForTheOther) {
  Capture("1", 1, "17", 2);
  ASSERT_OK(ledger_.Settle({{ours_, 2, SETTLE_KIND_APPLIED, "17", ""}}));
  // It was resolved before.
  ASSERT_OK(ledger_.Plan({{theirs_, 3}}, {}, "mart"));
  ASSERT_OK(ledger_.Settle({{theirs_, 2, SETTLE_KIND_APPLIED, "1", ""}}, "atlas"));
  EXPECT_EQ(ledger_.Replica("1", "mart"), " desired=1 applied=0 PENDING");
}

TEST_F(MergeEntitiesTest, WhatWasOverwrittenIsNotDue) {
  Capture("1", 1, "17", 2);
  ASSERT_OK(ledger_.Settle({{ours_, 1, SETTLE_KIND_APPLIED, "17", ""}}));
  EXPECT_EQ(EntityOf("17", "shop"), ours_);
  EXPECT_EQ(ledger_.Replica("1"), "17 desired=1 applied=1 CONVERGED");
  EXPECT_EQ(Pending("atlas"), "") << "both have the first version";
}

TEST_F(MergeEntitiesTest, OfTwoClaimsAtOnceOneEntityIsLeft) {
  for (int i = 0; i < 20; ++i) {
    const std::string left = std::to_string(i), right = std::to_string(100 + i);
    Capture(left, 1, right, 2);
    {
      Worker worker("settle", [&](StopToken&) {
        EXPECT_OK(ledger_.Settle({{ours_, 2, SETTLE_KIND_APPLIED, right, ""}}));
      });
      EXPECT_OK(ledger_.Settle({{theirs_, 2, SETTLE_KIND_APPLIED, left, ""}}, "atlas"));
    }
    EXPECT_EQ(EntityOf(left, "atlas"), EntityOf(right, "shop"));
    EXPECT_THAT(EntityOf(left, "atlas"), testing::AnyOf(ours_, theirs_));
  }
}

TEST_F(MergeEntitiesTest, OneThatIsDeletedSomewhereKeepsItsTombstone) {
  const std::string theirs = Bring("9", 3, "17");
  EXPECT_EQ(ledger_.PlanDelete(theirs, 4), "DUE");
  ASSERT_OK(ledger_.Settle({{theirs, 4, v1::SETTLE_KIND_DISCARDED, "", ""}}));
  const std::string ours = ledger_.Entity("1", 5);
  EXPECT_EQ(ledger_.PlanOne({ours, 5}), "DUE");
  ASSERT_OK(ledger_.Settle({{ours, 5, SETTLE_KIND_APPLIED, "17", ""}}));
  EXPECT_EQ(EntityOf("17", "shop"), ours);
  EXPECT_EQ(ledger_.Entity("9", 4, false), theirs);
}

TEST_F(MergeEntitiesTest, NothingIsParkedThatWasNeverPlanned) {
  Capture("1", 1, "17", 2);
  ASSERT_OK(ledger_.Settle({{ours_, 2, SETTLE_KIND_APPLIED, "17", ""}}));
  ASSERT_OK(ledger_.Settle({{theirs_, 2, SETTLE_KIND_PARKED, "", ""}}, "atlas"));
  v1::BatchGetReplicasRequest request;
  request.add_entity_ids(theirs_);
  ASSERT_OK_AND_ASSIGN(const v1::BatchGetReplicasResponse replicas,
                       registry_.Call(&LedgerStub::BatchGetReplicas, request));
  EXPECT_EQ(replicas.replicas_size(), 0);
}

}  // namespace
}  // namespace cognate::platform_registry
