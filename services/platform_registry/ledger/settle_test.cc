#include "services/platform_registry/ledger/ledger_fixture.h"

namespace cognate::platform_registry {
namespace {

using v1::SETTLE_KIND_APPLIED;
using v1::SETTLE_KIND_DELETED;
using v1::SETTLE_KIND_DISCARDED;
using v1::SETTLE_KIND_INCOMPLETE;
using v1::SETTLE_KIND_PARKED;

class SettleTest : public LedgerTest {
 protected:
  // Planned, not settled.
  std::string Due(const std::string& local_id, int64_t version) {
    std::string entity = ledger_.Entity(local_id, version);
    EXPECT_OK(ledger_.Plan({{entity, version}}));
    return entity;
  }
};

TEST_F(SettleTest, AppliedWritesVersionLocalIdAndFingerprint) {
  const std::string entity = Due("7", 5);
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_APPLIED, "x1", "print"}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=5 applied=5 CONVERGED");
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_APPLIED, "x1", "print"}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=5 applied=5 CONVERGED");
}

TEST_F(SettleTest, OlderNeverOverwritesNewer) {
  const std::string entity = Due("7", 5);
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_APPLIED, "x1", "new"}}));
  ASSERT_OK(ledger_.Settle({{entity, 4, SETTLE_KIND_APPLIED, "x0", "old"}}));
  ASSERT_OK(ledger_.Settle({{entity, 4, SETTLE_KIND_DELETED, "x0", ""}}));
  ASSERT_OK(ledger_.Settle({{entity, 4, SETTLE_KIND_INCOMPLETE, "x0", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=5 applied=5 CONVERGED");
  EXPECT_EQ(test_support::ValueOrDie(ledger_.Resolve({"x1"}, {}, false, "", "shop")).fingerprints(0), "new");
}

TEST_F(SettleTest, AppliedOfAnOlderVersionLeavesTheNewerOneDue) {
  const std::string entity = Due("7", 5);
  EXPECT_EQ(ledger_.PlanOne({entity, 6, true}), "DUE");
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=5 PENDING deleted");
  EXPECT_EQ(ledger_.PlanOne({entity, 6, true}), "DUE x1");
}

TEST_F(SettleTest, DeletedKeepsTheLocalIdAsATombstone) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 6, true}), "DUE x1");
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_DELETED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=6 CONVERGED deleted");
  EXPECT_EQ(ledger_.TargetId(entity), "");
  EXPECT_EQ(ledger_.Entity("x1", 6, false, "shop"), entity);
  EXPECT_EQ(ledger_.Entity("x1", 7, false, "shop"), "");
}

// The edit of version 7 was made on the shop before the delete of version 6 came there.
TEST_F(SettleTest, WhereThePlatformSaysItselfThatARecordIsGoneItsIdentityEndsWithThat) {
  ASSERT_OK(registry_.Call(&RegistryStub::UpdatePlatform,
                           "platform { name: 'platforms/shop' capture_mode: CAPTURE_MODE_REPLICATION } "
                           "update_mask { paths: 'capture_mode' }"));
  ASSERT_OK(registry_.Call(&RegistryStub::CreateSync,
                           "sync { name: 'syncs/back' source_platform: 'shop' source_model: 'country' "
                           "target_platform: 'atlas' target_model: 'country' all_fields: true }"));
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(ledger_.PlanDelete(entity, 6), "DUE");
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_DELETED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=6 CONVERGED deleted");
  EXPECT_EQ(ledger_.Entity("x1", 7, false, "shop"), entity);
  EXPECT_EQ(ledger_.TargetId(entity), "") << "references do not name it";
  v1::PlanRequest deleted;
  v1::TombstoneGroup* const group = deleted.add_tombstones();
  group->set_platform("shop");
  group->set_model("country");
  group->add_entity_ids(entity);
  group->add_versions(8);
  group->add_delivered_local_ids("x1");
  ASSERT_OK(registry_.Call(&LedgerStub::Plan, deleted));
  EXPECT_EQ(ledger_.Entity("x1", 7, false, "shop"), entity);
  EXPECT_EQ(ledger_.Entity("x1", 9, false, "shop"), "") << "another record";
  // Late, and over.
  v1::PlanRequest late;
  v1::PlanGroup* const edit = late.add_groups();
  edit->set_sync("syncs/back");
  edit->set_platform("atlas");
  edit->set_model("country");
  edit->add_entity_ids(entity);
  edit->add_versions(7);
  edit->add_deletes(false);
  ASSERT_OK_AND_ASSIGN(const v1::PlanResponse planned, registry_.Call(&LedgerStub::Plan, late));
  EXPECT_EQ(planned.groups(0).decisions(0), v1::PLAN_DECISION_STALE);
  ASSERT_OK(registry_.Call(&LedgerStub::Plan, deleted)) << "may come twice";
}

TEST_F(SettleTest, ARecordThatADeliveryMadeIsKnownByThePlatformsOwnLogBeforeItIsSettled) {
  const std::string entity = Due("7", 5);
  v1::ResolveRequest request;
  v1::ResolveGroup* const group = request.add_groups();
  group->set_platform("shop");
  group->set_model("country");
  group->set_create(true);
  for (const std::string local_id : {"x0", "x1"}) {
    group->add_local_ids(local_id);
    group->add_versions(7);
  }
  group->add_delivered_entity_ids();
  group->add_delivered_entity_ids(entity);
  ASSERT_OK_AND_ASSIGN(const v1::ResolveResponse resolved, registry_.Call(&LedgerStub::Resolve, request));
  EXPECT_NE(resolved.groups(0).entity_ids(0), entity);
  EXPECT_NE(resolved.groups(0).entity_ids(0), "");
  EXPECT_EQ(resolved.groups(0).entity_ids(1), entity);
  EXPECT_EQ(ledger_.Entity("x1", 8, false, "shop"), entity);
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=5 applied=5 CONVERGED");
  group->mutable_delivered_entity_ids()->RemoveLast();
  EXPECT_EQ(ErrorReason(registry_.Call(&LedgerStub::Resolve, request).status()), "INVALID_FIELD");
}

TEST_F(SettleTest, IncompleteWritesTheLocalIdOnly) {
  const std::string entity = Due("7", 5);
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_INCOMPLETE, "x1", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=5 applied=0 PENDING");
  EXPECT_EQ(ledger_.TargetId(entity), "x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 5}), "DUE x1");
}

TEST_F(SettleTest, ParkedIsNotPendingUntilItIsPlannedAgain) {
  const std::string entity = Due("7", 5);
  ASSERT_OK(ledger_.Settle({{entity, 4, SETTLE_KIND_PARKED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), " desired=5 applied=0 PENDING");
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_PARKED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), " desired=5 applied=0 UNSPECIFIED");
  EXPECT_EQ(ledger_.PlanOne({entity, 5}), "DUE");
  EXPECT_EQ(ledger_.Replica("7"), " desired=5 applied=0 PENDING");
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_PARKED, "", ""}}));
  EXPECT_EQ(ledger_.PlanOne({entity, 6}), "DUE");
  EXPECT_EQ(ledger_.Replica("7"), " desired=6 applied=0 PENDING");
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_APPLIED, "x1", "f"}}));
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_PARKED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=6 CONVERGED");
}

TEST_F(SettleTest, WhatIsDiscardedIsNotDueAgainAndTheTargetKeepsWhatItHas) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 6}), "DUE x1");
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_PARKED, "", ""}}));
  for (int time = 0; time < 2; ++time) {
    ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_DISCARDED, "", ""}}));
    EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=6 DETACHED");
  }
  EXPECT_EQ(ledger_.PlanOne({entity, 6}), "APPLIED x1");
  EXPECT_EQ(test_support::ValueOrDie(ledger_.Resolve({"x1"}, {}, false, "", "shop")).fingerprints(0),
            "fingerprint-x1");
  EXPECT_EQ(ledger_.TargetId(entity), "x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 7, false, v1::LEAVE_ACTION_UNSPECIFIED, "fingerprint-x1"}), "DUE x1")
      << "also one that is as it was before";
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=7 applied=6 PENDING");
}

TEST_F(SettleTest, WhatWasNeverThereAndIsDiscardedIsSkipped) {
  const std::string entity = Due("7", 5);
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_DISCARDED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), " desired=5 applied=5 SKIPPED");
  EXPECT_EQ(ledger_.Stands({entity}), "absent settled detached");
  EXPECT_EQ(ledger_.PlanOne({entity, 5}), "APPLIED");
  EXPECT_EQ(ledger_.PlanOne({entity, 6}), "DUE");
}

TEST_F(SettleTest, ADeleteThatIsDiscardedLeavesTheRecordItsIdentity) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(ledger_.PlanDelete(entity, 6), "DUE");
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_DISCARDED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=6 DETACHED");
  EXPECT_EQ(ledger_.TargetId(entity), "x1");
  EXPECT_EQ(ledger_.Entity("x1", 9, false, "shop"), entity);
  EXPECT_EQ(ledger_.PlanOne({entity, 6, true}), "APPLIED x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 8, true}), "DUE x1") << "a newer delete goes on as usual";
  ASSERT_OK(ledger_.Settle({{entity, 8, SETTLE_KIND_DELETED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=8 applied=8 CONVERGED deleted");
}

TEST_F(SettleTest, DiscardingSaysNothingOfWhatIsOvertakenAppliedOrUnknown) {
  const std::string entity = Due("7", 5);
  EXPECT_EQ(ledger_.PlanOne({entity, 6}), "DUE");
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_DISCARDED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), " desired=6 applied=0 PENDING");
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_APPLIED, "x1", "f"}}));
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_DISCARDED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=6 CONVERGED");
  const std::string unplanned = ledger_.Entity("8", 4);
  ASSERT_OK(ledger_.Settle({{unplanned, 4, SETTLE_KIND_DISCARDED, "", ""}}));
  EXPECT_EQ(ledger_.PlanOne({unplanned, 4}), "DUE");
}

TEST_F(SettleTest, ALocalIdThatADeleteSetsFreeMayBeTakenInTheSameBatch) {
  const std::string old_one = Bring("1", 5, "x1");
  EXPECT_EQ(ledger_.PlanOne({old_one, 6, true}), "DUE x1");
  const std::string new_one = Due("2", 7);
  ASSERT_OK(ledger_.Settle(
      {{new_one, 7, SETTLE_KIND_APPLIED, "x1", "f"}, {old_one, 6, SETTLE_KIND_DELETED, "x1", ""}}));
  EXPECT_EQ(ledger_.Entity("x1", 0, false, "shop"), new_one);
  EXPECT_EQ(ledger_.Entity("x1", 6, false, "shop"), old_one);
}

TEST_F(SettleTest, ALocalIdWhoseDeleteIsStillOnItsWayIsSettledWithIt) {
  const std::string old_one = Bring("1", 5, "x1");
  EXPECT_EQ(ledger_.PlanOne({old_one, 6, true}), "DUE x1");
  const std::string new_one = Due("2", 7);
  const std::string other = Due("3", 8);
  ASSERT_OK(ledger_.Settle(
      {{new_one, 7, SETTLE_KIND_APPLIED, "x1", "f"}, {other, 8, SETTLE_KIND_APPLIED, "x3", "g"}}));
  EXPECT_EQ(ledger_.Replica("2"), "x1 desired=7 applied=7 CONVERGED");
  EXPECT_EQ(ledger_.Replica("3"), "x3 desired=8 applied=8 CONVERGED");
  EXPECT_EQ(ledger_.Replica("1"), "x1 desired=6 applied=6 CONVERGED deleted");
  ASSERT_OK(ledger_.Settle({{old_one, 6, SETTLE_KIND_DELETED, "x1", ""}}));
  EXPECT_EQ(ledger_.Entity("x1", 0, false, "shop"), new_one);
}

TEST_F(SettleTest, OfTwoThatClaimOneLocalIdTheNewerHasIt) {
  const std::string older = Bring("1", 5, "x1");
  const std::string newer = Due("2", 7);
  ASSERT_OK(ledger_.Settle({{newer, 7, SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(ledger_.Replica("2"), "x1 desired=7 applied=7 CONVERGED");
  EXPECT_EQ(ledger_.Replica("1"), " desired=5 applied=5 CONVERGED");
  const std::string late = ledger_.Entity("3", 4);
  ASSERT_OK(ledger_.Plan({{late, 4}}));
  ASSERT_OK(ledger_.Settle({{late, 4, SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(ledger_.Replica("3"), " desired=4 applied=4 CONVERGED");
  EXPECT_EQ(ledger_.TargetId(newer), "x1");
  EXPECT_EQ(ledger_.TargetId(older), "");
}

TEST_F(SettleTest, TwoClaimsOfOneLocalIdInOneBatchDoNotFailIt) {
  const std::string first = Due("1", 5);
  const std::string second = Due("2", 7);
  ASSERT_OK(ledger_.Settle(
      {{second, 7, SETTLE_KIND_APPLIED, "x1", "f"}, {first, 5, SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(ledger_.Replica("1"), " desired=5 applied=5 CONVERGED");
  EXPECT_EQ(ledger_.Replica("2"), "x1 desired=7 applied=7 CONVERGED");
}

TEST_F(SettleTest, WhatWasNeverPlannedIsTakenAsItIsTold) {
  const std::string entity = ledger_.Entity("7", 5);
  ASSERT_OK(ledger_.Settle({{entity, 5, SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(ledger_.PlanOne({entity, 5}), "APPLIED x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 6}), "DUE x1");
}

}  // namespace
}  // namespace cognate::platform_registry
