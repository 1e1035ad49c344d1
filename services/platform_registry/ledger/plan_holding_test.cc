// What a target has already, and what its records come to hold without a delivery.
#include "services/platform_registry/ledger/ledger_fixture.h"

namespace cognate::platform_registry {
namespace {

class PlanHoldingTest : public LedgerTest {
 protected:
  std::string Plan(const std::string& entity, int64_t version, const std::string& fingerprint) {
    return ledger_.PlanOne({entity, version, false, v1::LEAVE_ACTION_UNSPECIFIED, fingerprint});
  }
  // On the target in version 5 with the fingerprint "five".
  std::string BringFive() {
    const std::string entity = ledger_.Entity("7", 5);
    EXPECT_EQ(Plan(entity, 5, "five"), "DUE");
    EXPECT_THAT(ledger_.Settle({{entity, 5, v1::SETTLE_KIND_APPLIED, "x1", "five"}}), test_support::IsOk());
    return entity;
  }
};

TEST_F(PlanHoldingTest, WhatTheTargetHasJustSoIsNotWrittenAgain) {
  const std::string entity = BringFive();
  EXPECT_EQ(Plan(entity, 6, "five"), "APPLIED x1");
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=6 CONVERGED");
  EXPECT_EQ(Plan(entity, 7, ""), "DUE x1");
  EXPECT_EQ(Plan(entity, 7, "five"), "DUE x1") << "of version 7 nobody knows whether it was written";
  EXPECT_EQ(Plan(entity, 8, "five"), "DUE x1");
}

TEST_F(PlanHoldingTest, WhatWasDeletedIsWrittenAgain) {
  const std::string entity = BringFive();
  EXPECT_EQ(ledger_.PlanOne({entity, 6, true}), "DUE x1");
  ASSERT_OK(ledger_.Settle({{entity, 6, v1::SETTLE_KIND_DELETED, "", ""}}));
  EXPECT_EQ(Plan(entity, 7, "five"), "DUE");
}

TEST_F(PlanHoldingTest, WhatIsKeptOutOfScopeIsWrittenWhenItComesBack) {
  const std::string entity = BringFive();
  EXPECT_EQ(ledger_.PlanOne({entity, 6, false, v1::LEAVE_ACTION_KEEP}), "APPLIED x1");
  EXPECT_EQ(Plan(entity, 7, "five"), "DUE x1");
}

TEST_F(PlanHoldingTest, AnEditOfTheTargetsOwnMakesOlderVersionsStale) {
  const std::string entity = BringFive();
  ASSERT_OK(ledger_.Hold(entity, 8, "eight"));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=8 applied=8 CONVERGED");
  EXPECT_EQ(Plan(entity, 7, "seven"), "STALE x1");
  EXPECT_EQ(Plan(entity, 8, "eight"), "APPLIED x1");
  EXPECT_EQ(Plan(entity, 9, "five"), "DUE x1") << "the target has the edit, not what was applied before it";
}

TEST_F(PlanHoldingTest, AnEditThatIsEqualToWhatComesNeedsNoWrite) {
  const std::string entity = BringFive();
  ASSERT_OK(ledger_.Hold(entity, 8, "eight"));
  EXPECT_EQ(Plan(entity, 9, "eight"), "APPLIED x1");
}

TEST_F(PlanHoldingTest, AnEditThatIsOlderThanWhatIsOnItsWayChangesNothing) {
  const std::string entity = BringFive();
  EXPECT_EQ(Plan(entity, 9, "nine"), "DUE x1");
  ASSERT_OK(ledger_.Hold(entity, 8, "eight"));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=9 applied=5 PENDING");
}

TEST_F(PlanHoldingTest, ASourceThatNothingWasBroughtToHoldsItsOwnVersion) {
  const std::string entity = ledger_.Entity("s1", 5, true, "shop");
  ASSERT_OK(ledger_.Hold(entity, 5, "five"));
  EXPECT_EQ(Plan(entity, 5, "five"), "APPLIED s1");
  EXPECT_EQ(Plan(entity, 6, "six"), "DUE s1");
}

TEST_F(PlanHoldingTest, ArraysOfDifferentLengthsAreRefused) {
  v1::PlanRequest request;
  v1::HeldGroup* const group = request.add_held();
  group->set_sync("syncs/shop");
  group->set_platform("shop");
  group->set_model("country");
  group->add_entity_ids(std::string(16, 'e'));
  EXPECT_THAT(registry_.Call(&LedgerStub::Plan, request), test_support::HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace cognate::platform_registry
