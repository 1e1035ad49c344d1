// What changed rules would do to records, by what the ledger says of them; and that what is guarded stays.
#include "services/transformer/rehearse.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/value/fingerprint.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/transformer/memory_ledger.h"
#include "services/transformer/pipeline.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::transformer {
namespace {

using ::cognate::test_support::ParseProto;

constexpr char kSync[] =
    "name: 'syncs/rows' status: SYNC_STATUS_ACTIVE source_platform: 'a' source_model: 'row' target_platform: "
    "'b' target_model: 'line' etag: '5' ";

v1::Rules Rules(const std::string& more, const std::string& compiled = "") {
  return ParseProto<v1::Rules>(absl::StrCat(R"(
      revision: 1
      syncs {
        sync { )",
                                            kSync, more, R"( }
        target_key_fields: 'no'
        source_fields { name: 'id' type: FIELD_TYPE_INTEGER size_bits: 64 }
        source_fields { name: 'word' type: FIELD_TYPE_TEXT nullable: true }
        fields {
          source: 'word'
          target: 'word'
          source_field { name: 'word' type: FIELD_TYPE_TEXT nullable: true }
          target_field { name: 'word' type: FIELD_TYPE_TEXT nullable: true max_length: 8 }
        })",
                                            compiled, "}"));
}

v1::Change Row(const std::string& id, const std::string& word,
               v1::Operation operation = v1::OPERATION_UPDATE) {
  v1::Change change;
  change.set_version(10 + static_cast<int64_t>(id.size()));
  change.set_local_id(id);
  change.set_operation(operation);
  *change.mutable_fields() = value::Fields({{"id", value::Int(1)}, {"word", value::Text(word)}}).fields();
  return change;
}

class RehearseTest : public ::testing::Test {
 protected:
  RehearseParts Parts() {
    return {
        rules_,
        {[this](const v1::ResolveRequest& request) { return ledger_.Resolve(request); },
         [this](const v1::PlanRequest& request) {
           planned_ = request;
           return ledger_.Plan(request);
         }},
        [this](const v1::ListLatestChangesRequest&) -> absl::StatusOr<v1::ListLatestChangesResponse> {
          return latest_;
        },
        [this](const v1::GetReplicaStandsRequest& request) -> absl::StatusOr<v1::GetReplicaStandsResponse> {
          v1::GetReplicaStandsResponse response;
          for (const std::string& entity : request.entity_ids()) *response.add_stands() = stands_[entity];
          return response;
        },
        nullptr};
  }

  std::string EntityOf(const std::string& id) {
    v1::ResolveRequest request;
    v1::ResolveGroup* const group = request.add_groups();
    group->set_platform("a");
    group->set_model("row");
    group->add_local_ids(id);
    group->set_create(true);
    return ledger_.Resolve(request).groups(0).entity_ids(0);
  }
  // The target has the record, with this word.
  void Bring(const std::string& id, const std::string& word) {
    v1::ReplicaStand& stand = stands_[EntityOf(id)];
    stand.set_is_there(true);
    stand.set_is_settled(true);
    stand.set_local_id(absl::StrCat("9", id));
    google::protobuf::RepeatedPtrField<v1::Value> values;
    *values.Add() = value::Text(word);
    stand.set_fingerprint(value::Fingerprinter(std::vector<absl::string_view>{"word"}).Of(values));
  }

  // "UNCHANGED", "LEAVE DELETE!": with ! where it is taken away.
  std::string Rehearsed(const v1::Rules& before, const v1::Rules& after, const v1::Change& change) {
    std::string words = "NOTHING";
    const RehearseParts parts = Parts();
    google::protobuf::RepeatedPtrField<v1::Change> changes;
    *changes.Add() = change;
    const Rehearsal rehearsal(parts, ParseProto<v1::Sync>(kSync), before, after);
    const absl::Status status = rehearsal.Run(changes, [&](const transformer::Rehearsed& one) {
      words = v1::RehearsedOutcome_Name(one.outcome).substr(sizeof("REHEARSED_OUTCOME_") - 1);
      if (one.leaves != v1::LEAVE_ACTION_UNSPECIFIED)
        absl::StrAppend(&words, " ", v1::LeaveAction_Name(one.leaves).substr(sizeof("LEAVE_ACTION_") - 1));
      if (!one.reason.empty()) absl::StrAppend(&words, " ", one.reason);
      if (one.is_taken_away) words += "!";
    });
    return status.ok() ? words : status.ToString();
  }
  std::string Rehearsed(const std::string& more, const v1::Change& change) {
    return Rehearsed(Rules(""), Rules(more), change);
  }

  MemoryLedger ledger_;
  std::map<std::string, v1::ReplicaStand> stands_;
  v1::ListLatestChangesResponse latest_;
  v1::PlanRequest planned_;
  clients::RegistryClient registry_{"127.0.0.1:1"};
  clients::RulesFollower<RuleSet> rules_{registry_, Clock::Real(), {}};
};

constexpr char kNotBad[] = "filter: 'word != \"bad\"' ";

TEST_F(RehearseTest, ARecordInScopeIsMadeOrWrittenOrLeftAsItIs) {
  EXPECT_EQ(Rehearsed("", Row("1", "new")), "CREATE") << "nobody knows it";
  stands_[EntityOf("2")] = v1::ReplicaStand();
  EXPECT_EQ(Rehearsed("", Row("2", "new")), "CREATE") << "the target does not have it";
  Bring("3", "same");
  EXPECT_EQ(Rehearsed("", Row("3", "same")), "UNCHANGED");
  EXPECT_EQ(Rehearsed("", Row("3", "other")), "UPDATE");
  stands_[EntityOf("3")].set_is_settled(false);
  EXPECT_EQ(Rehearsed("", Row("3", "same")), "UPDATE") << "something else is on its way";
  stands_[EntityOf("3")].set_is_settled(true);
  stands_[EntityOf("3")].set_is_detached(true);
  EXPECT_EQ(Rehearsed("", Row("3", "same")), "UPDATE");
  EXPECT_EQ(Rehearsed("", Row("3", "much too long")), "REFUSED VALUE_TOO_LONG");
}

TEST_F(RehearseTest, ARecordOutOfScopeLeavesWhereTheTargetHasIt) {
  EXPECT_EQ(Rehearsed(kNotBad, Row("1", "bad")), "OUT_OF_SCOPE");
  Bring("2", "bad");
  EXPECT_EQ(Rehearsed(kNotBad, Row("2", "bad")), "LEAVE DELETE!");
  const std::string keep = absl::StrCat(kNotBad, "leave { action: LEAVE_ACTION_KEEP }");
  EXPECT_EQ(Rehearsed(keep, Row("2", "bad")), "LEAVE KEEP");
  stands_[EntityOf("2")].set_is_detached(true);
  EXPECT_EQ(Rehearsed(keep, Row("2", "bad")), "OUT_OF_SCOPE") << "it is kept already";
  EXPECT_EQ(Rehearsed(kNotBad, Row("2", "bad")), "LEAVE DELETE!") << "what was kept goes now";
  EXPECT_EQ(Rehearsed("transforms { script { source: 'skip(\"no\")' } }", Row("2", "bad")), "SKIPPED");
}

TEST_F(RehearseTest, WhatWasUnpublishedBeforeIsNotTakenAwayAgain) {
  Bring("1", "bad");
  const std::string mark = "leave { action: LEAVE_ACTION_SOFT_DELETE time_field: 'gone' } ";
  const std::string field = "leave_fields { name: 'gone' type: FIELD_TYPE_TIMESTAMP nullable: true }";
  const v1::Rules marks = Rules(absl::StrCat(kNotBad, mark), field);
  EXPECT_EQ(Rehearsed(Rules(mark, field), marks, Row("1", "bad")), "LEAVE SOFT_DELETE!");
  EXPECT_EQ(Rehearsed(marks, marks, Row("1", "bad")), "LEAVE SOFT_DELETE");
  v1::Rules guarded = marks;
  guarded.mutable_syncs(0)->mutable_sync()->mutable_guard()->set_state(v1::LEAVE_GUARD_STATE_HELD);
  EXPECT_EQ(Rehearsed(guarded, marks, Row("1", "bad")), "LEAVE SOFT_DELETE!") << "it has stayed so far";
}

TEST_F(RehearseTest, ADeletedRecordLeavesWhateverTheRules) {
  EXPECT_EQ(Rehearsed("", Row("1", "gone", v1::OPERATION_DELETE)), "GONE");
  Bring("2", "gone");
  EXPECT_EQ(Rehearsed("", Row("2", "gone", v1::OPERATION_DELETE)), "LEAVE DELETE");
}

TEST_F(RehearseTest, WhatIsGuardedStaysAndDeletesPass) {
  v1::Rules rules = Rules(kNotBad);
  rules.mutable_syncs(0)->mutable_sync()->mutable_guard()->set_state(v1::LEAVE_GUARD_STATE_COUNTING);
  bus::v1::ChangeBatch batch;
  batch.add_models()->set_platform("a");
  batch.mutable_models(0)->set_model("row");
  for (const v1::Change& change :
       {Row("1", "bad"), Row("2", "good"), Row("3", "bad", v1::OPERATION_DELETE)}) {
    bus::v1::LoggedChange* const logged = batch.add_changes();
    logged->set_version(100 + batch.changes_size());
    logged->set_local_id(change.local_id());
    logged->set_operation(change.operation());
    v1::Fields fields;
    *fields.mutable_fields() = change.fields();
    logged->set_fields(fields.SerializeAsString());
  }
  const bus::v1::ChangeBatch* const batches[] = {&batch};
  google::protobuf::Arena arena;
  const RehearseParts parts = Parts();
  ASSERT_OK(RunWave(RuleSet(rules), Collect(batches, 10)[0], parts.ledger, nullptr, LaneLimits(), &arena));
  ASSERT_EQ(planned_.groups_size(), 1);
  const v1::PlanGroup& group = planned_.groups(0);
  EXPECT_THAT(group.stays(), ::testing::ElementsAre(true, false, false));
  EXPECT_THAT(group.deletes(), ::testing::ElementsAre(false, false, true));
  EXPECT_EQ(group.leaves(0), v1::LEAVE_ACTION_KEEP);
}

}  // namespace
}  // namespace cognate::transformer
