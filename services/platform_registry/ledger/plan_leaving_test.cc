// Records that go out of scope, and come back.
#include "services/platform_registry/ledger/ledger_fixture.h"

namespace cognate::platform_registry {
namespace {

constexpr v1::LeaveAction kWrite = v1::LEAVE_ACTION_UNPUBLISH;
constexpr v1::LeaveAction kKeep = v1::LEAVE_ACTION_KEEP;
constexpr v1::LeaveAction kDetach = v1::LEAVE_ACTION_DETACH;

class PlanLeavingTest : public LedgerTest {
 protected:
  std::string Leave(const std::string& entity, int64_t version, v1::LeaveAction action) {
    return ledger_.PlanOne({entity, version, false, action});
  }
};

TEST_F(PlanLeavingTest, NothingIsDueForATargetThatNeverHadTheRecord) {
  const std::string entity = ledger_.Entity("7", 5);
  for (const v1::LeaveAction action : {kWrite, kKeep, kDetach}) {
    EXPECT_EQ(Leave(entity, 5, action), "APPLIED") << v1::LeaveAction_Name(action);
  }
  EXPECT_EQ(ledger_.Replica("7"), " desired=5 applied=5 CONVERGED deleted");
  EXPECT_EQ(ledger_.PlanOne({entity, 4}), "STALE");
  EXPECT_EQ(ledger_.PlanOne({entity, 6}), "DUE");
  EXPECT_EQ(ledger_.Replica("7"), " desired=6 applied=5 PENDING");
}

TEST_F(PlanLeavingTest, WhatIsWrittenOnLeavingIsDueWhereTheRecordIs) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(Leave(entity, 6, kWrite), "DUE x1");
  EXPECT_EQ(Leave(entity, 6, kWrite), "DUE x1");
  EXPECT_EQ(Leave(entity, 4, kWrite), "STALE");
  ASSERT_OK(ledger_.Settle({{entity, 6, v1::SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(Leave(entity, 6, kWrite), "APPLIED x1");
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=6 CONVERGED");
  EXPECT_EQ(ledger_.PlanOne({entity, 7}), "DUE x1");
}

TEST_F(PlanLeavingTest, AKeptRecordIsDetachedUntilItComesBack) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(Leave(entity, 6, kKeep), "APPLIED x1");
  EXPECT_EQ(Leave(entity, 6, kKeep), "APPLIED x1");
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=6 DETACHED");
  EXPECT_EQ(ledger_.TargetId(entity), "x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 7}), "DUE x1");
  ASSERT_OK(ledger_.Settle({{entity, 7, v1::SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=7 applied=7 CONVERGED");
}

TEST_F(PlanLeavingTest, WhatStaysForNowIsAsItWas) {
  const std::string entity = Bring("7", 5, "x1");
  const std::string unknown = ledger_.Entity("8", 5);
  EXPECT_EQ(ledger_.PlanOne({entity, 6, false, kKeep, "", true}), "APPLIED x1");
  EXPECT_EQ(ledger_.Stands({entity, unknown}), "there settled, absent");
  // Back with what the target has: nothing is written.
  EXPECT_EQ(ledger_.PlanOne({entity, 7, false, v1::LEAVE_ACTION_UNSPECIFIED, "fingerprint-x1"}),
            "APPLIED x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 8, false, v1::LEAVE_ACTION_UNSPECIFIED, "otherwise......."}), "DUE x1");
  // What was on its way may have come.
  EXPECT_EQ(ledger_.Stands({entity}), "there");
  EXPECT_EQ(ledger_.PlanOne({entity, 9, false, kKeep, "", true}), "APPLIED x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 10, false, v1::LEAVE_ACTION_UNSPECIFIED, "fingerprint-x1"}), "DUE x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 11, true}), "DUE x1");
}

TEST_F(PlanLeavingTest, AKeptRecordIsDeletedWithItsSource) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(Leave(entity, 6, kKeep), "APPLIED x1");
  EXPECT_EQ(ledger_.PlanDelete(entity, 7), "DUE");
}

TEST_F(PlanLeavingTest, AnIdentityThatIsGivenUpResolvesNoMore) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(Leave(entity, 6, kDetach), "APPLIED");
  EXPECT_EQ(ledger_.TargetId(entity), "");
  EXPECT_EQ(ledger_.PlanDelete(entity, 7), "APPLIED");
  EXPECT_NE(ledger_.Entity("x1", 9, true, "shop"), entity);
}

TEST_F(PlanLeavingTest, WhatMayBeOnItsWayIsDeleted) {
  for (const v1::LeaveAction action : {kWrite, kKeep, kDetach}) {
    const std::string local_id = v1::LeaveAction_Name(action);
    const std::string entity = ledger_.Entity(local_id, 5);
    EXPECT_EQ(ledger_.PlanOne({entity, 5}), "DUE");
    EXPECT_EQ(Leave(entity, 6, action), "DUE_AS_DELETE") << local_id;
    EXPECT_EQ(Leave(entity, 6, action), "DUE_AS_DELETE") << local_id;
    EXPECT_EQ(Leave(entity, 7, action), "DUE_AS_DELETE") << local_id;
    ASSERT_OK(ledger_.Settle({{entity, 7, v1::SETTLE_KIND_DELETED, "", ""}}));
    EXPECT_EQ(Leave(entity, 7, action), "APPLIED") << local_id;
    EXPECT_EQ(ledger_.PlanOne({entity, 8}), "DUE");
  }
}

TEST_F(PlanLeavingTest, ADeleteThatIsStillDueStaysDue) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 6, true}), "DUE x1");
  for (const v1::LeaveAction action : {kWrite, kKeep, kDetach}) {
    EXPECT_EQ(Leave(entity, 7, action), "STALE") << v1::LeaveAction_Name(action);
  }
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=5 PENDING deleted");
  ASSERT_OK(ledger_.Settle({{entity, 6, v1::SETTLE_KIND_DELETED, "", ""}}));
  EXPECT_EQ(Leave(entity, 8, kKeep), "APPLIED");
  EXPECT_EQ(ledger_.PlanOne({entity, 9}), "DUE");
}

TEST_F(PlanLeavingTest, SomeOfABatchLeaveAndOthersStay) {
  const std::string stays = Bring("7", 5, "x1");
  const std::string goes = Bring("8", 6, "x2");
  const auto planned = ledger_.Plan({{stays, 7}, {goes, 8, false, kKeep}});
  ASSERT_OK(planned);
  EXPECT_EQ(planned->groups(0).decisions(0), v1::PLAN_DECISION_DUE);
  EXPECT_EQ(planned->groups(0).decisions(1), v1::PLAN_DECISION_APPLIED);
  EXPECT_EQ(ledger_.Replica("8"), "x2 desired=8 applied=8 DETACHED");
}

}  // namespace
}  // namespace cognate::platform_registry
