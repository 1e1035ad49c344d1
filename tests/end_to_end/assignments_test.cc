// Which platforms records are meant for: through the front doors, from a real source into real targets.
#include <cstdio>

#include "absl/time/clock.h"
#include "common/status/error.h"
#include "tests/end_to_end/assignments_fixture.h"

namespace cognate {
namespace {

using absl::StrCat;
using cluster::Shape;
using test_support::Eventually;
using test_support::HasReason;
using test_support::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_P(AssignmentsTest, ARecordIsWhereItIsAssignedAndNowhereElse) {
  SyncAll("only_assigned: true");
  Insert("(1, 'one'), (2, 'two'), (3, 'three')");
  Assigned({"1"}, {"shop-1", "shop-3"});
  Assigned({"2"}, {"shop-2"});
  Expect("one", "two", "one");
  // One of many moves, and what it is by then goes along.
  Run("hub", "UPDATE item SET word = 'eins' WHERE id = 1");
  Expect("eins", "two", "eins");
  Assigned({"1"}, {"shop-2"});
  Expect("", "eins two", "");
  ASSERT_THAT(Assign(v1::ASSIGNMENT_MODE_ADD, {"1", "3"}, {"shop-1", "shop-2"}), IsOk());
  Expect("eins three", "eins three two", "");
  ASSERT_THAT(Assign(v1::ASSIGNMENT_MODE_REMOVE, {"1", "2", "3"}, {"shop-2"}), IsOk());
  Expect("eins three", "", "");
  // Of what is assigned nowhere the source keeps its own, and a delete comes everywhere.
  Run("hub", "DELETE FROM item WHERE id = 3");
  Expect("eins", "", "");
  EXPECT_EQ(Items("hub"), "eins two");
}

TEST_P(AssignmentsTest, WhatIsAssignedBeforeItIsThereComesWhenItIs) {
  SyncAll("only_assigned: true");
  Assigned({"7"}, {"shop-2"});
  Insert("(7, 'seven'), (8, 'eight')");
  Expect("", "seven", "");
}

TEST_P(AssignmentsTest, AThousandRecordsMoveAtOnce) {
  SyncAll("only_assigned: true");
  Run("hub", "INSERT INTO item (id, word) SELECT i, 'w' || i FROM generate_series(1, 1000) i");
  std::vector<std::string> ids;
  for (int i = 1; i <= 1000; ++i) ids.push_back(StrCat(i));
  const auto count = [&](const std::string& site) { return Ask(site, "SELECT count(*) FROM item"); };
  Assigned({"1000"}, {"shop-1"});  // all are captured when this one is there
  ASSERT_TRUE(Eventually([&] { return count("shop-1") == "1"; }));
  const absl::Time start = absl::Now();
  Assigned(ids, {"shop-1", "shop-3"});
  EXPECT_TRUE(Eventually([&] { return count("shop-1") == "1000" && count("shop-3") == "1000"; }));
  std::printf("figure assignments.moved records=1000 seconds=%.3f\n",
              absl::ToDoubleSeconds(absl::Now() - start));
  Assigned(ids, {});
  EXPECT_TRUE(Eventually([&] { return count("shop-1") == "0" && count("shop-3") == "0"; }))
      << count("shop-1") << " " << count("shop-3");
}

TEST_P(AssignmentsTest, ASyncThatTakesOnlyTheAssignedFromNowOnTakesTheOthersAway) {
  ASSERT_THAT(Sync("hub", "shop-1", ""), IsOk());
  Insert("(1, 'one'), (2, 'two')");
  Assigned({"2"}, {"shop-1"});
  Expect("one two", "", "");
  const auto update = [&](const std::string& value) {
    return Do(&RegistryStub::UpdateSync, StrCat("sync { name: 'syncs/hub-to-shop-1' only_assigned: ", value,
                                                " } update_mask { paths: 'only_assigned' }"));
  };
  const auto updated = update("true");
  ASSERT_THAT(updated, IsOk());
  EXPECT_THAT(updated->sync().title(), HasSubstr("only assigned"));
  Expect("two", "", "");
  ASSERT_THAT(update("false"), IsOk());
  Expect("one two", "", "");
}

TEST_P(AssignmentsTest, LeavingFollowsThePolicyOfTheSync) {
  ASSERT_THAT(Sync("hub", "shop-1", "only_assigned: true leave { action: LEAVE_ACTION_KEEP }"), IsOk());
  ASSERT_THAT(
      Sync("hub", "shop-2",
           "only_assigned: true leave { action: LEAVE_ACTION_UNPUBLISH values { name: 'visible' value { "
           "bool_value: false } } }"),
      IsOk());
  ASSERT_THAT(Sync("hub", "shop-3", "only_assigned: true leave { action: LEAVE_ACTION_DETACH }"), IsOk());
  Insert("(1, 'one')");
  Assigned({"1"}, {"shop-1", "shop-2", "shop-3"});
  Expect("one", "one", "one");
  Assigned({"1"}, {});
  Expect("one", "one-", "one");
  Run("hub", "UPDATE item SET word = 'eins' WHERE id = 1");
  Assigned({"1"}, {"shop-1"});
  Expect("eins", "one-", "one");
}

TEST_P(AssignmentsTest, ConditionsAskForAssignments) {
  ASSERT_THAT(Sync("hub", "shop-1", "filter: 'assigned() or not assigned(\"shop-3\") and status = \"new\"'"),
              IsOk());
  ASSERT_THAT(
      Sync("hub", "shop-2",
           "fields { source: 'visible' target: 'visible' } transforms { constant { into: 'visible' value { "
           "bool_value: false } } when: 'assigned(\"shop-3\")' }"),
      IsOk());
  Run("hub", "INSERT INTO item (id, word, status) VALUES (1, 'one', 'new'), (2, 'two', 'old')");
  Expect("one", "one two", "");
  Assigned({"1"}, {"shop-3"});
  Expect("", "one- two", "");
  Assigned({"2"}, {"shop-1"});
  Expect("two", "one- two", "");
  Assigned({"1"}, {"shop-1", "shop-3"});
  Expect("one two", "one- two", "");
}

TEST_P(AssignmentsTest, WhoComesTooLateIsTold) {
  SyncAll("only_assigned: true");
  auto set = Assign(v1::ASSIGNMENT_MODE_REPLACE, {"1", "2"}, {"shop-1"});
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->changed_count(), 2);
  EXPECT_THAT(set->records(0).home_platforms(), ElementsAre("hub"));
  v1::SetAssignmentsRequest request;
  request.set_mode(v1::ASSIGNMENT_MODE_ADD);
  for (v1::RecordAssignments& record : *set->mutable_records()) {
    record.clear_platforms();
    record.add_platforms("shop-2");
    *request.add_records() = record;
  }
  ASSERT_THAT(Assign(v1::ASSIGNMENT_MODE_REMOVE, {"2"}, {"shop-1"}), IsOk());
  const auto late = Set(request);
  EXPECT_THAT(late, HasReason("ASSIGNMENTS_CHANGED"));
  EXPECT_THAT(Violations(late.status())[0].field, "records[1].revision");
  // All or none.
  v1::GetAssignmentsRequest get;
  for (const v1::RecordAssignments& record : request.records()) *get.add_records() = record.record();
  const auto got = grpc_support::Call(*assignments_, &AssignmentStub::GetAssignments, get, {});
  ASSERT_THAT(got, IsOk());
  EXPECT_THAT(got->records(0).platforms(), ElementsAre("shop-1"));
  EXPECT_THAT(got->records(1).platforms(), IsEmpty());
  // With what is there now it is done, and again the same is no change.
  request.mutable_records(1)->set_revision(got->records(1).revision());
  EXPECT_THAT(Set(request), IsOk());
  const auto again = Set(request);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->changed_count(), 0);
}

TEST_P(AssignmentsTest, WithoutAssignmentsNothingAsksForThem) {
  const auto refused = Sync("shop-1", "hub", "only_assigned: true filter: 'assigned()'");
  ASSERT_THAT(refused, HasReason("INVALID_FIELD"));
  EXPECT_THAT(Violations(refused.status())[0].field, "sync.only_assigned");
  EXPECT_THAT(Violations(refused.status())[0].description, HasSubstr("is not assignable"));
  EXPECT_THAT(Violations(refused.status())[1].field, "sync.filter");
  EXPECT_THAT(Assign(v1::ASSIGNMENT_MODE_REPLACE, {"1"}, {"hub"}, "shop-1"),
              HasReason("MODEL_NOT_ASSIGNABLE"));
  const auto unknown = Assign(v1::ASSIGNMENT_MODE_REPLACE, {"1"}, {"shop-9"});
  EXPECT_THAT(unknown, HasReason("INVALID_FIELD"));
  const auto misspelt = Sync("hub", "shop-1", "filter: 'assigned(\"shop-9\")'");
  EXPECT_THAT(Violations(misspelt.status())[0].description, HasSubstr("did you mean shop-"));
}

INSTANTIATE_TEST_SUITE_P(OneProcess, AssignmentsTest, ::testing::Values(Shape::kOneProcess));

}  // namespace
}  // namespace cognate
