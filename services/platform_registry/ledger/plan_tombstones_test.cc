// A ring of three platforms, each of which may delete and edit a record before it hears of the others.
#include "services/platform_registry/ledger/ledger_fixture.h"

namespace cognate::platform_registry {
namespace {

using v1::SETTLE_KIND_APPLIED;
using v1::SETTLE_KIND_DELETED;

class PlanTombstonesTest : public LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    for (const std::string id : {"atlas", "shop", "mart"}) {
      ASSERT_OK(registry_.Call(&RegistryStub::UpdatePlatform,
                               "platform { name: 'platforms/" + id +
                                   "' capture_mode: CAPTURE_MODE_REPLICATION } update_mask { paths: "
                                   "'capture_mode' }"));
    }
    for (const std::string target : {"atlas", "mart"}) {
      ASSERT_OK(registry_.Call(&RegistryStub::CreateSync,
                               "sync { name: 'syncs/shop-to-" + target +
                                   "' source_platform: 'shop' source_model: 'country' target_platform: '" +
                                   target + "' target_model: 'country' all_fields: true }"));
    }
  }

  // A record of the atlas that all have.
  std::string Everywhere(int64_t version) {
    const std::string entity = Bring("7", version, "x1");
    EXPECT_OK(ledger_.Plan({{entity, version}}, {}, "mart"));
    EXPECT_OK(ledger_.Settle({{entity, version, SETTLE_KIND_APPLIED, "y1", "f"}}, "mart"));
    return entity;
  }
  // The atlas has deleted it.
  void Delete(const std::string& entity, int64_t version) {
    EXPECT_OK(ledger_.Plan({{entity, version, true}}, {}, "mart"));
    ledger_.PlanDelete(entity, version);
  }
  // "STALE to the atlas, STALE to the mart": what becomes of an edit in the shop.
  std::string Edit(const std::string& entity, int64_t version) {
    EXPECT_OK(ledger_.Hold(entity, version, "held"));
    std::string words;
    for (const std::string target : {"atlas", "mart"}) {
      v1::PlanRequest request;
      v1::PlanGroup* const group = request.add_groups();
      group->set_sync("syncs/shop-to-" + target);
      group->set_platform(target);
      group->set_model("country");
      group->add_entity_ids(entity);
      group->add_versions(version);
      group->add_deletes(false);
      const auto planned = registry_.Call(&LedgerStub::Plan, request);
      const std::string decision =
          planned.ok() ? v1::PlanDecision_Name(planned->groups(0).decisions(0)) : "PLAN_DECISION_FAILED";
      absl::StrAppend(&words, words.empty() ? "" : ", ", decision.substr(sizeof("PLAN_DECISION_") - 1),
                      " to the ", target);
    }
    return words;
  }
  // The shop has deleted a record of this name by itself.
  absl::Status Tombstone(const std::string& entity, int64_t version, const std::string& local_id) {
    v1::PlanRequest request;
    v1::TombstoneGroup* const group = request.add_tombstones();
    group->set_platform("shop");
    group->set_model("country");
    group->add_entity_ids(entity);
    group->add_versions(version);
    group->add_delivered_local_ids("");
    group->add_local_ids(local_id);
    return registry_.Call(&LedgerStub::Plan, request).status();
  }
  int PendingInTheShop() {
    return test_support::ValueOrDie(
               registry_.Call(&LedgerStub::ListPending,
                              test_support::ParseProto<v1::ListPendingRequest>(
                                  "platform: 'shop' planned_before { seconds: 4102444800 }")))
        .replicas_size();
  }
};

// Else the mart would have it again, somebody there would edit it, and that edit would be newer than any
// delete.
TEST_F(PlanTombstonesTest, AnEditThatDidNotKnowOfTheDeleteBringsNothingBack) {
  const std::string entity = Everywhere(5);
  Delete(entity, 6);
  EXPECT_EQ(Edit(entity, 7), "STALE to the atlas, STALE to the mart");
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=5 PENDING deleted") << "nor is it kept in the shop";
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_DELETED, "", ""}}));
  EXPECT_EQ(Edit(entity, 8), "STALE to the atlas, STALE to the mart") << "captured only now";
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=6 CONVERGED deleted");
}

TEST_F(PlanTombstonesTest, WhatItsOwnPlatformMakesAnewIsDelivered) {
  const std::string entity = Everywhere(5);
  Delete(entity, 6);
  ASSERT_EQ(ledger_.Entity("7", 7), entity);
  EXPECT_EQ(ledger_.PlanOne({entity, 7}), "DUE x1");
}

// The mart's edit was planned before the older delete: that comes once more, newer than all.
TEST_F(PlanTombstonesTest, WhileAnotherHasANewerVersionTheEntityGoesOn) {
  const std::string entity = Everywhere(5);
  ASSERT_OK(ledger_.Hold(entity, 7, "held", "mart"));
  Delete(entity, 6);
  EXPECT_EQ(Edit(entity, 8), "DUE to the atlas, DUE to the mart");
  Delete(entity, 9);
  EXPECT_EQ(Edit(entity, 10), "STALE to the atlas, STALE to the mart");
}

TEST_F(PlanTombstonesTest, ARecordThatADeliveryHasMadeMeanwhileIsToBeDeletedToo) {
  const std::string entity = Everywhere(5);
  ASSERT_OK(ledger_.Plan({{entity, 6}}));
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_APPLIED, "x2", "f"}}));
  ASSERT_OK(Tombstone(entity, 7, "x1"));
  EXPECT_EQ(ledger_.Replica("7"), "x2 desired=7 applied=6 PENDING deleted");
  EXPECT_EQ(PendingInTheShop(), 1);
  EXPECT_EQ(ledger_.PlanOne({entity, 7, true}), "DUE x2");
  ASSERT_OK(Tombstone(entity, 8, "x2"));
  EXPECT_EQ(ledger_.Replica("7"), "x2 desired=8 applied=8 CONVERGED deleted");
  EXPECT_EQ(PendingInTheShop(), 0);
}

// The delivery that makes it anew is on its way.
TEST_F(PlanTombstonesTest, ARecordThatADeliveryIsMakingAnewIsToBeDeletedToo) {
  const std::string entity = Everywhere(5);
  EXPECT_EQ(ledger_.PlanOne({entity, 6, true}), "DUE x1");
  ASSERT_OK(ledger_.Settle({{entity, 6, SETTLE_KIND_DELETED, "", ""}}));
  EXPECT_EQ(ledger_.PlanOne({entity, 7}), "DUE");
  ASSERT_OK(Tombstone(entity, 8, "x1"));
  ASSERT_OK(ledger_.Settle({{entity, 7, SETTLE_KIND_APPLIED, "x2", "f"}}));
  EXPECT_EQ(ledger_.Replica("7"), "x2 desired=8 applied=7 PENDING deleted");
  EXPECT_EQ(PendingInTheShop(), 1);
}

}  // namespace
}  // namespace cognate::platform_registry
