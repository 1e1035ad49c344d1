#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;
using test_support::HasReason;
using test_support::ValueOrDie;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Stub = v1::AssignmentService::Stub;

class AssignmentsTest : public RegistryTest {
 protected:
  void SetUp() override {
    for (const char* const id : {"hub", "shop", "blog", "attic"}) {
      AddPostgres(id);
      ASSERT_OK(Call(&RegistryStub::PutModels, StrCat("platform: 'platforms/", id, "' ", kModel)));
    }
    ASSERT_OK(Enable("hub", true));
  }

  absl::StatusOr<v1::UpdateModelResponse> Enable(const std::string& platform, bool assignable) {
    return Call(&RegistryStub::UpdateModel,
                StrCat("model { name: 'platforms/", platform, "/models/item' assignable: ", assignable,
                       " } update_mask { paths: 'assignable' }"));
  }
  void Sync(const std::string& from, const std::string& to, const std::string& more) {
    ASSERT_OK(Call(&RegistryStub::CreateSync,
                   StrCat("sync { name: 'syncs/", from, "-to-", to, "' source_platform: '", from,
                          "' source_model: 'item' target_platform: '", to,
                          "' target_model: 'item' fields { source: 'word' target: 'word' } ", more, " }")));
  }
  static std::string Record(const std::string& id, const std::string& more, const std::string& at = "hub") {
    return StrCat("records { record { platform: '", at, "' model: 'item' local_id: '", id, "' } ", more,
                  " } ");
  }
  absl::StatusOr<v1::SetAssignmentsResponse> Replace(const std::string& records) {
    return Call(&Stub::SetAssignments, StrCat("mode: ASSIGNMENT_MODE_REPLACE ", records));
  }
  v1::RecordAssignments Get(const std::string& id, const std::string& at = "hub") {
    return ValueOrDie(Call(&Stub::GetAssignments,
                           StrCat("records { platform: '", at, "' model: 'item' local_id: '", id, "' }")))
        .records(0);
  }
  // `platform id` of every move behind `*revision`, which goes on.
  std::vector<std::string> Moves(int64_t* revision) {
    const auto page = ValueOrDie(Call(&Stub::ListAssignmentMoves, StrCat("after_revision: ", *revision)));
    *revision = page.last_revision();
    std::vector<std::string> moves;
    for (const v1::AssignmentMove& move : page.moves())
      moves.push_back(StrCat(move.record().platform(), " ", move.record().local_id()));
    std::sort(moves.begin(), moves.end());
    return moves;
  }
  // The entity is on the platform under this id, brought by a delivery.
  void Deliver(const std::string& entity, const std::string& sync, const std::string& platform,
               const std::string& local_id) {
    v1::PlanRequest plan;
    v1::PlanGroup* const group = plan.add_groups();
    group->set_sync(sync);
    group->set_platform(platform);
    group->set_model("item");
    group->add_entity_ids(entity);
    group->add_versions(5);
    group->add_deletes(false);
    ASSERT_OK(registry_.Call(&LedgerStub::Plan, plan));
    v1::SettleRequest settle;
    v1::SettleGroup* const settled = settle.add_groups();
    settled->set_platform(platform);
    settled->set_model("item");
    settled->add_entity_ids(entity);
    settled->add_versions(5);
    settled->add_kinds(v1::SETTLE_KIND_APPLIED);
    settled->add_local_ids(local_id);
    settled->add_fingerprints("");
    ASSERT_OK(registry_.Call(&LedgerStub::Settle, settle));
  }
  static std::string Bytes(const v1::RecordAssignments& record) {
    return std::string(ValueOrDie(Uuid::Parse(record.entity_id())).AsBytes());
  }

  static constexpr char kModel[] =
      "models { model: 'item' key_fields: 'id' fields { name: 'id' type: FIELD_TYPE_TEXT has_default: true } "
      "fields { name: 'word' type: FIELD_TYPE_TEXT nullable: true } }";
};

TEST_F(AssignmentsTest, AreSetAddedAndRemoved) {
  const auto set = ValueOrDie(Replace(Record("1", "platforms: ['shop', 'blog', 'shop']") + Record("2", "")));
  EXPECT_EQ(set.changed_count(), 1);
  EXPECT_THAT(set.records(0).platforms(), ElementsAre("blog", "shop"));
  EXPECT_THAT(set.records(0).home_platforms(), ElementsAre("hub"));
  EXPECT_EQ(set.records(0).revision(), 1);
  EXPECT_EQ(set.records(1).revision(), 0);
  ASSERT_OK(
      Call(&Stub::SetAssignments, StrCat("mode: ASSIGNMENT_MODE_ADD ", Record("1", "platforms: 'attic'"),
                                         Record("2", "platforms: 'attic'"))));
  ASSERT_OK(Call(&Stub::SetAssignments, StrCat("author: 'ada' mode: ASSIGNMENT_MODE_REMOVE ",
                                               Record("1", "platforms: ['attic', 'blog']"))));
  EXPECT_THAT(Get("1").platforms(), ElementsAre("shop"));
  EXPECT_THAT(Get("2").platforms(), ElementsAre("attic"));
  EXPECT_EQ(Get("1").revision(), 4);
  EXPECT_THAT(Get("9").entity_id(), IsEmpty());

  const auto history = ValueOrDie(
      Call(&Stub::ListAssignmentChanges, "record { platform: 'hub' model: 'item' local_id: '1' }"));
  ASSERT_THAT(history.changes(), SizeIs(3));
  EXPECT_EQ(history.changes(0).author(), "ada");
  EXPECT_THAT(history.changes(0).removed_platforms(), ElementsAre("attic", "blog"));
  EXPECT_THAT(history.changes(2).added_platforms(), ElementsAre("blog", "shop"));
}

TEST_F(AssignmentsTest, AreThoseOfTheEntityWhicheverRecordNamesIt) {
  Sync("hub", "shop", "");
  ASSERT_OK(Enable("shop", true));
  const auto set = ValueOrDie(Replace(Record("1", "platforms: 'blog'")));
  Deliver(Bytes(set.records(0)), "syncs/hub-to-shop", "shop", "s1");
  EXPECT_THAT(Get("s1", "shop").platforms(), ElementsAre("blog"));
  EXPECT_THAT(Get("s1", "shop").home_platforms(), ElementsAre("hub"));
  EXPECT_THAT(Replace(Record("1", "") + Record("s1", "", "shop")), HasReason("INVALID_FIELD"));
}

TEST_F(AssignmentsTest, AreListedByModelAndByPlatform) {
  std::string records;
  for (int i = 0; i < 25; ++i)
    absl::StrAppend(&records,
                    Record(StrCat(i), i % 5 == 0 ? "platforms: ['shop', 'blog']" : "platforms: 'blog'"));
  ASSERT_OK(Replace(records + Record("none", "")));
  const auto count = [&](const std::string& more, int page_size) {
    int listed = 0;
    std::string token;
    do {
      const auto page = ValueOrDie(
          Call(&Stub::ListAssignments, StrCat("platform: 'hub' model: 'item' page_size: ", page_size,
                                              " page_token: '", token, "' ", more)));
      listed += page.records_size();
      token = page.next_page_token();
    } while (!token.empty());
    return listed;
  };
  EXPECT_EQ(count("", 10), 25);
  EXPECT_EQ(count("assigned_platform: 'shop'", 2), 5);
  EXPECT_EQ(count("assigned_platform: 'attic'", 2), 0);
}

TEST_F(AssignmentsTest, AnalysesLeaveAModelAssignable) {
  ASSERT_OK(Call(&RegistryStub::PutModels, StrCat("platform: 'platforms/hub' ", kModel)));
  Sync("hub", "shop", "only_assigned: true");
  const auto drifts = ValueOrDie(Enable("hub", false)).drifts();
  ASSERT_THAT(drifts, SizeIs(1));
  EXPECT_THAT(drifts[0].broken(), testing::HasSubstr("sync.only_assigned"));
  EXPECT_THAT(ValueOrDie(Enable("hub", true)).drifts(), SizeIs(1));
  EXPECT_THAT(Replace(Record("1", "", "shop")), HasReason("MODEL_NOT_ASSIGNABLE"));
}

TEST_F(AssignmentsTest, MoveTheRecordsOfSyncsThatLook) {
  Sync("hub", "shop", "only_assigned: true");
  Sync("hub", "blog", "filter: 'assigned(\"attic\")'");
  ASSERT_OK(Enable("shop", true));
  Sync("shop", "attic", "only_assigned: true");
  int64_t revision = 0;
  const auto set = ValueOrDie(Replace(Record("1", "platforms: 'shop'") + Record("2", "platforms: 'blog'")));
  EXPECT_THAT(Moves(&revision), ElementsAre("hub 1"));
  EXPECT_THAT(Moves(&revision), IsEmpty());
  Deliver(Bytes(set.records(0)), "syncs/hub-to-shop", "shop", "s1");
  ASSERT_OK(Replace(Record("1", "platforms: ['attic', 'shop']") + Record("2", "platforms: 'hub'")));
  EXPECT_THAT(Moves(&revision), ElementsAre("hub 1", "shop s1"));
}

TEST_F(AssignmentsTest, OfAPlatformThatIsGoneMeanNothing) {
  Sync("hub", "shop", "only_assigned: true");
  const auto set = ValueOrDie(Replace(Record("1", "platforms: ['attic', 'shop']")));
  ASSERT_OK(Call(&RegistryStub::DeletePlatform, "name: 'platforms/attic'"));
  EXPECT_THAT(Get("1").platforms(), ElementsAre("shop"));
  AddPostgres("attic");
  EXPECT_THAT(Get("1").platforms(), ElementsAre("shop"));
  int64_t revision = 0;
  EXPECT_THAT(Moves(&revision), ElementsAre("hub 1"));
  const auto resolved = ValueOrDie(
      Call(&LedgerStub::Resolve,
           "groups { platform: 'hub' model: 'item' local_ids: ['1', '2'] with_assignments: true }"));
  const v1::ResolvedGroup& group = resolved.groups(0);
  EXPECT_THAT(group.assignment_sets(group.assignment_places(0)).platforms(), ElementsAre("hub", "shop"));
  EXPECT_THAT(group.assignment_sets(group.assignment_places(1)).platforms(), IsEmpty());
}

TEST_F(AssignmentsTest, EndWithTheirRecord) {
  const auto set = ValueOrDie(Replace(Record("1", "platforms: 'shop'")));
  v1::PlanRequest gone;
  v1::TombstoneGroup* const group = gone.add_tombstones();
  group->set_platform("hub");
  group->set_model("item");
  group->add_entity_ids(Bytes(set.records(0)));
  group->add_versions(9);
  ASSERT_OK(registry_.Call(&LedgerStub::Plan, gone));
  EXPECT_THAT(Get("1").platforms(), IsEmpty());
  EXPECT_THAT(ValueOrDie(Call(&Stub::ListAssignments, "platform: 'hub' model: 'item'")).records(), IsEmpty());
  // A new record of the old id is another one.
  const auto again = ValueOrDie(Replace(Record("1", "platforms: 'blog'")));
  EXPECT_NE(again.records(0).entity_id(), set.records(0).entity_id());
}

TEST_F(AssignmentsTest, OfTenThousandRecordsAreSetAndReadInOneCall) {
  v1::SetAssignmentsRequest set;
  v1::ResolveRequest resolve;
  v1::ResolveGroup* const group = resolve.add_groups();
  group->set_platform("hub");
  group->set_model("item");
  group->set_with_assignments(true);
  set.set_mode(v1::ASSIGNMENT_MODE_REPLACE);
  for (int i = 0; i < 10'000; ++i) {
    v1::RecordAssignments* const record = set.add_records();
    record->mutable_record()->set_platform("hub");
    record->mutable_record()->set_model("item");
    record->mutable_record()->set_local_id(StrCat(i));
    record->add_platforms(i % 2 == 0 ? "shop" : "blog");
    group->add_local_ids(StrCat(i));
  }
  const absl::Time start = absl::Now();
  ASSERT_OK(Call(&Stub::SetAssignments, set));
  const absl::Time middle = absl::Now();
  const auto resolved = ValueOrDie(Call(&LedgerStub::Resolve, resolve));
  std::printf("figure assignments.calls records=10000 set_seconds=%.3f resolve_seconds=%.3f\n",
              absl::ToDoubleSeconds(middle - start), absl::ToDoubleSeconds(absl::Now() - middle));
  EXPECT_THAT(resolved.groups(0).assignment_sets(), SizeIs(2));
  EXPECT_THAT(resolved.groups(0).assignment_places(), SizeIs(10'000));
}

TEST_F(AssignmentsTest, RefuseWhatIsWrongWithItsPlace) {
  const auto at = [&](const std::string& request) {
    const auto refused = Call(&Stub::SetAssignments, request);
    return refused.ok()
               ? "ok"
               : StrCat(ErrorReason(refused.status()), " ",
                        Violations(refused.status()).empty() ? "" : Violations(refused.status())[0].field);
  };
  EXPECT_EQ(at(Record("1", "")), "INVALID_FIELD mode");
  EXPECT_EQ(at("mode: ASSIGNMENT_MODE_ADD"), "INVALID_FIELD records");
  EXPECT_EQ(at(StrCat("mode: ASSIGNMENT_MODE_ADD ", Record("1", ""), Record("", ""))),
            "INVALID_FIELD records[1].record.local_id");
  EXPECT_EQ(at(StrCat("mode: ASSIGNMENT_MODE_ADD ", Record("1", "platforms: ['shop', 'shpo']"))),
            "INVALID_FIELD records[0].platforms[1]");
  EXPECT_EQ(
      at("mode: ASSIGNMENT_MODE_ADD records { record { platform: 'hub' model: 'itme' local_id: '1' } }"),
      "MODEL_NOT_FOUND ");
  EXPECT_EQ(at(StrCat("mode: ASSIGNMENT_MODE_ADD ", Record("1", ""), Record("1", ""))),
            "INVALID_FIELD records[1].record");
  EXPECT_EQ(at(StrCat("mode: ASSIGNMENT_MODE_ADD ", Record("1", "platforms: 'shop' revision: 3"))),
            "ASSIGNMENTS_CHANGED records[0].revision");
}

}  // namespace
}  // namespace cognate::platform_registry
