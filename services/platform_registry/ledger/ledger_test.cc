#include <algorithm>

#include "services/platform_registry/ledger/ledger_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kGone[] = "";

TEST_F(LedgerTest, ResolveMakesAnIdentityOnceAndFindsItAgain) {
  const auto made = ledger_.Resolve({"7", "8", "7"}, {1, 2, 3}, true);
  ASSERT_OK(made);
  EXPECT_THAT(made->entity_ids(0), SizeIs(16));
  EXPECT_EQ(made->entity_ids(0), made->entity_ids(2));
  EXPECT_NE(made->entity_ids(0), made->entity_ids(1));
  EXPECT_EQ(ledger_.Entity("7", 9), made->entity_ids(0));
  EXPECT_EQ(ledger_.Entity("8", 0, false), made->entity_ids(1));
  EXPECT_EQ(ledger_.Entity("9", 0, false), "");
}

TEST_F(LedgerTest, ResolveAnswersFingerprintsAndTheTargetsLocalIds) {
  const std::string entity = Bring("7", 1, "x1");
  const auto resolved = ledger_.Resolve({"7", "8"}, {}, false, "shop");
  ASSERT_OK(resolved);
  EXPECT_THAT(resolved->target_local_ids(), ElementsAre("x1", ""));
  EXPECT_THAT(resolved->fingerprints(), ElementsAre("", ""));
  const auto there = ledger_.Resolve({"x1"}, {}, false, "atlas", "shop");
  ASSERT_OK(there);
  EXPECT_EQ(there->entity_ids(0), entity);
  EXPECT_EQ(there->fingerprints(0), "fingerprint-x1");
  EXPECT_EQ(there->target_local_ids(0), "7");
  EXPECT_EQ(ledger_.TargetId(entity), "x1");
  EXPECT_EQ(ledger_.TargetId(entity, "mart"), "");
}

TEST_F(LedgerTest, ResolveGivesAModelThatTheCatalogueLacksANumber) {
  const auto resolved =
      Call(&LedgerStub::Resolve,
           "groups { platform: 'atlas' model: 'never seen' local_ids: '1' create: true target_platform: "
           "'shop' target_model: 'not either' }");
  ASSERT_OK(resolved);
  EXPECT_THAT(resolved->groups(0).entity_ids(0), SizeIs(16));
  EXPECT_THAT(Call(&LedgerStub::Resolve, "groups { platform: 'mars' model: 'm' local_ids: '1' }"),
              HasReason("PLATFORM_NOT_FOUND"));
}

TEST_F(LedgerTest, APlatformThatIsMadeAgainBeginsWithoutIdentities) {
  AddAgent("till");
  const std::string before = ledger_.Entity("1", 1, true, "till");
  ASSERT_OK(Call(&RegistryStub::DeletePlatform, "name: 'platforms/till'"));
  EXPECT_THAT(ledger_.Resolve({"1"}, {}, true, "", "till"), HasReason("PLATFORM_NOT_FOUND"));
  AddAgent("till");
  EXPECT_NE(ledger_.Entity("1", 1, true, "till"), before);
}

TEST_F(LedgerTest, PlanRaisesDesiredVersionsAndSaysWhatIsDue) {
  const std::string entity = ledger_.Entity("7", 5);
  EXPECT_EQ(ledger_.PlanOne({entity, 5}), "DUE");
  EXPECT_EQ(ledger_.PlanOne({entity, 5}), "DUE");
  EXPECT_EQ(ledger_.PlanOne({entity, 4}), "STALE");
  ASSERT_OK(ledger_.Settle({{entity, 5, v1::SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(ledger_.PlanOne({entity, 5}), "APPLIED x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 6}), "DUE x1");
  EXPECT_EQ(ledger_.Replica("7"), "x1 desired=6 applied=5 PENDING");
}

TEST_F(LedgerTest, PlanAnswersInTheOrderOfTheRequest) {
  std::vector<Planned> planned;
  for (int i = 0; i < 50; ++i) planned.push_back({ledger_.Entity(std::to_string(i), i + 1), i + 1});
  ASSERT_OK(ledger_.Plan({planned[10], planned[20]}));
  ASSERT_OK(ledger_.Settle({{planned[10].entity, planned[10].version, v1::SETTLE_KIND_APPLIED, "x10", "f"}}));
  planned[20].version -= 1;
  std::reverse(planned.begin(), planned.end());
  const auto response = ledger_.Plan(planned);
  ASSERT_OK(response);
  for (int i = 0; i < 50; ++i) {
    const v1::PlanDecision want = i == 39   ? v1::PLAN_DECISION_APPLIED
                                  : i == 29 ? v1::PLAN_DECISION_STALE
                                            : v1::PLAN_DECISION_DUE;
    EXPECT_EQ(response->groups(0).decisions(i), want) << i;
  }
  EXPECT_EQ(response->groups(0).local_ids(39), "x10");
}

TEST_F(LedgerTest, TheDeleteOfWhatTheTargetNeverHadIsAppliedAndMakesAnOlderCreateStale) {
  const std::string entity = ledger_.Entity("7", 5);
  EXPECT_EQ(ledger_.PlanDelete(entity, 5), "APPLIED");
  EXPECT_EQ(ledger_.Entity("7", 3), entity);
  EXPECT_EQ(ledger_.PlanOne({entity, 3}), "STALE");
  EXPECT_EQ(ledger_.Replica("7"), " desired=5 applied=5 CONVERGED deleted");
}

TEST_F(LedgerTest, ATombstoneAnswersForEverythingUpToItsVersionAndANewerRecordIsANewEntity) {
  const std::string first = Bring("7", 5, "x1");
  EXPECT_EQ(ledger_.PlanDelete(first, 10), "DUE");
  ASSERT_OK(ledger_.Settle({{first, 10, v1::SETTLE_KIND_DELETED, "x1", ""}}));
  EXPECT_EQ(ledger_.Entity("7", 9), first);
  EXPECT_EQ(ledger_.Entity("7", 10), first);
  EXPECT_EQ(ledger_.Entity("7", 11, false), kGone);
  EXPECT_EQ(ledger_.Entity("7", 0, false), first);
  const std::string second = ledger_.Entity("7", 11);
  EXPECT_NE(second, first);
  EXPECT_EQ(ledger_.PlanOne({second, 11}), "DUE");
  ASSERT_OK(ledger_.Settle({{second, 11, v1::SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(ledger_.PlanDelete(second, 20), "DUE");
  ASSERT_OK(ledger_.Settle({{second, 20, v1::SETTLE_KIND_DELETED, "x1", ""}}));
  const std::string third = ledger_.Entity("7", 21);
  EXPECT_EQ(ledger_.Entity("7", 8), first);
  EXPECT_EQ(ledger_.Entity("7", 15), second);
  EXPECT_EQ(ledger_.Entity("7", 99), third);
  EXPECT_EQ(ledger_.Entity("7", 0), third);
}

TEST_F(LedgerTest, AnIdentityDoesNotEndWhileATargetStillHasTheRecord) {
  const std::string entity = Bring("7", 5, "x1");
  Bring("7", 5, "m1", "mart");
  EXPECT_EQ(ledger_.PlanDelete(entity, 10), "DUE");
  EXPECT_EQ(ledger_.PlanDelete(entity, 10, "mart"), "DUE");
  ASSERT_OK(ledger_.Settle({{entity, 10, v1::SETTLE_KIND_DELETED, "x1", ""}}));
  EXPECT_EQ(ledger_.Entity("7", 11), entity);
  EXPECT_EQ(ledger_.PlanOne({entity, 11}), "DUE");
  EXPECT_EQ(ledger_.PlanOne({entity, 11}, "mart"), "DUE m1");
  ASSERT_OK(ledger_.Settle({{entity, 11, v1::SETTLE_KIND_APPLIED, "x2", "f"}}));
  ASSERT_OK(ledger_.Settle({{entity, 11, v1::SETTLE_KIND_APPLIED, "m1", "f"}}, "mart"));
  EXPECT_EQ(ledger_.Entity("7", 12), entity);
  EXPECT_EQ(ledger_.Replica("7"), "x2 desired=11 applied=11 CONVERGED");
  EXPECT_EQ(ledger_.Replica("7", "mart"), "m1 desired=11 applied=11 CONVERGED");
}

TEST_F(LedgerTest, ATombstoneThatComesLateDoesNotEndARecordThatIsBack) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 10, true}), "DUE x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 11}), "DUE x1");
  ASSERT_OK(ledger_.Plan({}, {{entity, 10}}));
  EXPECT_EQ(ledger_.Entity("7", 12), entity);
  ASSERT_OK(ledger_.Settle({{entity, 11, v1::SETTLE_KIND_APPLIED, "x1", "f"}}));
  EXPECT_EQ(ledger_.PlanDelete(entity, 20), "DUE");
  ASSERT_OK(ledger_.Settle({{entity, 20, v1::SETTLE_KIND_DELETED, "", ""}}));
  EXPECT_EQ(ledger_.Entity("7", 15), entity);
  EXPECT_EQ(ledger_.Entity("7", 21, false), kGone);
}

TEST_F(LedgerTest, PlanRefusesAVersionOfAnEntityThatEndedBeforeIt) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(ledger_.PlanDelete(entity, 10), "DUE");
  ASSERT_OK(ledger_.Settle({{entity, 10, v1::SETTLE_KIND_DELETED, "x1", ""}}));
  // Resolved before the end, planned after it.
  EXPECT_EQ(ledger_.PlanOne({entity, 11}), "ENTITY_ENDED");
  EXPECT_EQ(ledger_.PlanOne({entity, 9}), "STALE");
  EXPECT_EQ(ledger_.PlanOne({ledger_.Entity("7", 11), 11}), "DUE");
}

TEST_F(LedgerTest, TheDeleteOfWhatIsDeletedAlreadyIsApplied) {
  const std::string entity = Bring("7", 5, "x1");
  EXPECT_EQ(ledger_.PlanOne({entity, 10, true}), "DUE x1");
  ASSERT_OK(ledger_.Settle({{entity, 10, v1::SETTLE_KIND_DELETED, "x1", ""}}));
  EXPECT_EQ(ledger_.PlanOne({entity, 12, true}), "APPLIED");
}

TEST_F(LedgerTest, ListPendingGivesWhatIsDueOldestFirstWithItsSource) {
  const std::string applied = Bring("1", 1, "x1");
  const std::string parked = ledger_.Entity("2", 2);
  const std::string older = ledger_.Entity("3", 3);
  const std::string newer = ledger_.Entity("4", 4);
  ASSERT_OK(ledger_.Plan({{parked, 2}}));
  ASSERT_OK(ledger_.Plan({{older, 3}}));
  ASSERT_OK(ledger_.Plan({{newer, 4}}));
  ASSERT_OK(ledger_.Settle({{parked, 2, v1::SETTLE_KIND_PARKED, "", ""}}));
  const std::string request = "platform: 'shop' planned_before { seconds: 4102444800 }";
  const auto pending = Call(&LedgerStub::ListPending, request);
  ASSERT_OK(pending);
  ASSERT_EQ(pending->replicas_size(), 2);
  EXPECT_EQ(pending->replicas(0).entity_id(), older);
  EXPECT_EQ(pending->replicas(0).desired_version(), 3);
  EXPECT_THAT(pending->replicas(0).source(),
              test_support::EqualsProto("platform: 'atlas' model: 'country' local_id: '3'"));
  EXPECT_EQ(pending->replicas(1).entity_id(), newer);
  EXPECT_EQ(
      test_support::ValueOrDie(Call(&LedgerStub::ListPending, request + " page_size: 1")).replicas_size(), 1);
  EXPECT_EQ(test_support::ValueOrDie(
                Call(&LedgerStub::ListPending, "platform: 'shop' planned_before { seconds: 1 }"))
                .replicas_size(),
            0);
  ASSERT_OK(Call(&RegistryStub::UpdateSync,
                 "sync { name: 'syncs/shop' status: SYNC_STATUS_PAUSED } update_mask { paths: 'status' }"));
  EXPECT_EQ(test_support::ValueOrDie(Call(&LedgerStub::ListPending, request)).replicas_size(), 0);
  EXPECT_THAT(Call(&LedgerStub::ListPending, "platform: 'mars' planned_before { seconds: 1 }"),
              HasReason("PLATFORM_NOT_FOUND"));
}

// Two syncs write one target record; the row names the one that came first.
TEST_F(LedgerTest, WhatTwoSyncsBringIsPendingAsLongAsOneOfThemIsActive) {
  ASSERT_OK(Call(&RegistryStub::PutModels,
                 "platform: 'platforms/shop' models { model: 'country' key_fields: 'id' "
                 "fields { name: 'id' type: FIELD_TYPE_INTEGER has_default: true } "
                 "fields { name: 'name' type: FIELD_TYPE_TEXT nullable: true } }"));
  ASSERT_OK(Call(&RegistryStub::CreateSync,
                 "sync { name: 'syncs/shop-ids' source_platform: 'atlas' source_model: 'country' "
                 "target_platform: 'shop' target_model: 'country' fields { source: 'id' target: 'id' } }"));
  const std::string entity = ledger_.Entity("1", 1);
  ASSERT_OK(ledger_.Plan({{entity, 1}}));
  const auto pending_count = [&] {
    return test_support::ValueOrDie(
               Call(&LedgerStub::ListPending, "platform: 'shop' planned_before { seconds: 4102444800 }"))
        .replicas_size();
  };
  const auto set_status = [&](const std::string& sync, const std::string& status) {
    ASSERT_OK(Call(&RegistryStub::UpdateSync, "sync { name: 'syncs/" + sync + "' status: SYNC_STATUS_" +
                                                  status + " } update_mask { paths: 'status' }"));
  };
  EXPECT_EQ(pending_count(), 1);
  set_status("shop", "PAUSED");
  EXPECT_EQ(pending_count(), 1);
  set_status("shop-ids", "PAUSED");
  EXPECT_EQ(pending_count(), 0);
  ASSERT_OK(Call(&RegistryStub::DeleteSync, "name: 'syncs/shop'"));
  EXPECT_EQ(pending_count(), 0);
  set_status("shop-ids", "ACTIVE");
  EXPECT_EQ(pending_count(), 1);
  ASSERT_OK(Call(&RegistryStub::DeleteSync, "name: 'syncs/shop-ids'"));
  EXPECT_EQ(pending_count(), 0) << "the sync to mart goes another way";
}

TEST_F(LedgerTest, GetReplicasTellsWhatWasLeftInPlaceForGoodFromWhatWasDeleted) {
  const std::string left = Bring("1", 1, "x1");
  const std::string deleted = Bring("2", 2, "x2");
  EXPECT_EQ(ledger_.PlanOne({left, 3, false, v1::LEAVE_ACTION_DETACH}), "APPLIED");
  EXPECT_EQ(ledger_.PlanOne({deleted, 4, true}), "DUE x2");
  ASSERT_OK(ledger_.Settle({{deleted, 4, v1::SETTLE_KIND_DELETED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("1"), "x1 desired=3 applied=3 DETACHED deleted");
  EXPECT_EQ(ledger_.Replica("2"), "x2 desired=4 applied=4 CONVERGED deleted");
}

TEST_F(LedgerTest, GetReplicasGivesTheRecordItselfFirst) {
  Bring("7", 5, "x1");
  Bring("7", 5, "m1", "mart");
  const auto replicas =
      Call(&LedgerStub::GetReplicas, "record { platform: 'shop' model: 'country' local_id: 'x1' }");
  ASSERT_OK(replicas);
  ASSERT_EQ(replicas->replicas_size(), 3);
  EXPECT_EQ(replicas->replicas(0).record().platform(), "shop");
  EXPECT_EQ(replicas->replicas(1).record().platform(), "atlas");
  EXPECT_EQ(Ledger::Describe(replicas->replicas(1)), "7 desired=0 applied=0 CONVERGED");
  EXPECT_EQ(replicas->replicas(2).record().platform(), "mart");
  EXPECT_THAT(replicas->replicas(0).entity_id(), SizeIs(36));
  EXPECT_TRUE(replicas->replicas(0).has_plan_time());
  EXPECT_THAT(Call(&LedgerStub::GetReplicas, "record { platform: 'shop' model: 'country' local_id: 'x2' }"),
              AllOf(StatusIs(absl::StatusCode::kNotFound), HasReason("RECORD_UNKNOWN")));
}

TEST_F(LedgerTest, BatchGetReplicasGivesThoseOfManyEntitiesAndNothingOfUnknownOnes) {
  const std::string first = Bring("1", 1, "x1");
  const std::string second = Bring("2", 2, "x2");
  v1::BatchGetReplicasRequest request;
  for (const std::string& entity : {second, first, std::string(16, '\x07')}) request.add_entity_ids(entity);
  const auto answer = registry_.Call(&LedgerStub::BatchGetReplicas, request);
  ASSERT_OK(answer);
  std::vector<std::string> told;
  for (const v1::Replica& replica : answer->replicas()) told.push_back(Ledger::Describe(replica));
  EXPECT_THAT(told,
              UnorderedElementsAre("1 desired=0 applied=0 CONVERGED", "x1 desired=1 applied=1 CONVERGED",
                                   "2 desired=0 applied=0 CONVERGED", "x2 desired=2 applied=2 CONVERGED"));
  EXPECT_EQ(answer->replicas(0).entity_id(), answer->replicas(1).entity_id());
  request.add_entity_ids(first);
  EXPECT_THAT(registry_.Call(&LedgerStub::BatchGetReplicas, request).status(), HasReason("INVALID_FIELD"));
}

TEST_F(LedgerTest, CountsReplicasBySync) {
  Bring("1", 1, "x1");
  const std::string pending = ledger_.Entity("2", 2);
  const std::string parked = ledger_.Entity("3", 3);
  ASSERT_OK(ledger_.Plan({{pending, 2}, {parked, 3}}));
  ASSERT_OK(ledger_.Settle({{parked, 3, v1::SETTLE_KIND_PARKED, "", ""}}));
  const auto counts = Call(&LedgerStub::CountReplicas, "");
  ASSERT_OK(counts);
  ASSERT_EQ(counts->counts_size(), 2);
  EXPECT_THAT(counts->counts(0), test_support::EqualsProto("sync: 'syncs/mart'"));
  EXPECT_THAT(counts->counts(1),
              test_support::EqualsProto("sync: 'syncs/shop' total_count: 3 converged_count: 1 "
                                        "pending_count: 1 parked_count: 1"));
  EXPECT_EQ(test_support::ValueOrDie(Call(&LedgerStub::CountReplicas, "sync: 'syncs/shop'")).counts_size(),
            1);
  EXPECT_THAT(Call(&LedgerStub::CountReplicas, "sync: 'syncs/none'"), HasReason("SYNC_NOT_FOUND"));
}

TEST_F(LedgerTest, RefusesArraysThatDoNotFit) {
  const auto field = [&](const absl::Status& status) {
    EXPECT_THAT(status, AllOf(StatusIs(absl::StatusCode::kInvalidArgument), HasReason("INVALID_FIELD")));
    const auto violations = Violations(status);
    return violations.empty() ? std::string() : violations[0].field;
  };
  EXPECT_EQ(field(ledger_.Resolve({"1", "2"}, {1}, true).status()), "groups[0].versions");
  EXPECT_EQ(field(ledger_.Resolve({"1", ""}, {}, true).status()), "groups[0].local_ids[1]");
  EXPECT_EQ(field(ledger_.Resolve({std::string("a\0b", 3)}, {}, true).status()), "groups[0].local_ids[0]");
  EXPECT_EQ(field(ledger_.Resolve(std::vector<std::string>(10'001, "1"), {}, true).status()), "groups");
  const std::string entity = ledger_.Entity("7", 5);
  EXPECT_EQ(field(ledger_.Plan({{"short", 1}}).status()), "groups[0].entity_ids[0]");
  EXPECT_THAT(field(ledger_.Plan({{entity, 1}, {entity, 2}}).status()), HasSubstr("groups[0].entity_ids["));
  EXPECT_EQ(field(ledger_.Plan({{entity, 0}}).status()), "groups[0].versions[0]");
  EXPECT_EQ(field(ledger_.Settle({{entity, 1, v1::SETTLE_KIND_UNSPECIFIED, "", ""}})), "groups[0].kinds[0]");
  EXPECT_EQ(field(ledger_.Settle({{entity, 1, v1::SETTLE_KIND_APPLIED, std::string("\0", 1), ""}})),
            "groups[0].local_ids[0]");
  EXPECT_THAT(Call(&LedgerStub::Plan, "groups { sync: 'syncs/none' platform: 'shop' model: 'country' }"),
              HasReason("SYNC_NOT_FOUND"));
  EXPECT_EQ(
      field(Call(&LedgerStub::Settle, "groups { platform: 'shop' model: 'country' versions: 1 }").status()),
      "groups[0].versions");
}

}  // namespace
}  // namespace cognate::platform_registry
