#include "services/change_capture/conflicts/merge.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::change_capture {
namespace {

using Values = std::map<std::string, std::string>;

const LoggedModel kNotes{1, 1, "site", "note"};

LoggedState State(int64_t version, const Values& values) {
  v1::Fields fields;
  for (const auto& [name, text] : values) {
    v1::Field& field = *fields.add_fields();
    field.set_name(name);
    field.mutable_value()->set_text_value(text);
  }
  LoggedState state;
  state.version = version;
  state.model = &kNotes;
  state.local_id = "1";
  state.fields = fields.SerializeAsString();
  state.source_time = absl::FromUnixSeconds(version);
  return state;
}

// A delivery of `origin`, which was made when that version was, and is based on `known`.
NextState Delivered(int64_t version, int64_t origin, const Values& values,
                    std::optional<LoggedState> known = {}) {
  NextState next;
  next.state = State(version, values);
  next.state.origin = Origin{*Uuid::Parse("0190a5d0-0000-7000-8000-000000000001"), origin};
  next.known = std::move(known);
  next.time = absl::FromUnixSeconds(origin);
  return next;
}

NextState Own(int64_t version, const Values& values) { return {State(version, values), {}, false, {}, {}}; }

class MergeTest : public ::testing::Test {
 protected:
  // "owed tag=… | lost tag=…", by field.
  std::string Words(const std::vector<LoggedState>& history, const std::vector<NextState>& next,
                    Owed owed = {}) {
    const absl::StatusOr<Merged> merged = Merge(history, next, policies_, std::move(owed));
    if (!merged.ok()) return merged.status().ToString();
    std::string words;
    for (const auto& [field, item] : merged->owed) {
      absl::StrAppend(&words, "owed ", field, "=", item.edit.value.text_value(), " ");
    }
    for (const v1::Conflict& conflict : merged->conflicts) {
      for (const v1::ConflictField& field : conflict.fields()) {
        const v1::Value& loser = field.own_won() ? field.delivered() : field.own();
        absl::StrAppend(&words, "lost ", field.field(), "=", loser.text_value(), " ");
      }
    }
    if (merged->older_won) absl::StrAppend(&words, "older won");
    return words;
  }

  FieldPolicies policies_ = {{"tag", v1::CONFLICT_POLICY_NEWEST}, {"body", v1::CONFLICT_POLICY_NEWEST}};
  const LoggedState made_ = State(1, {{"tag", "t"}, {"body", "b"}});
};

TEST_F(MergeTest, WhatOnlyTheOwnEditChangedIsOwed) {
  EXPECT_EQ(Words({made_, State(5, {{"tag", "own"}, {"body", "b"}})},
                  {Delivered(7, 6, {{"tag", "t"}, {"body", "theirs"}}, made_)}),
            "owed tag=own ");
}

TEST_F(MergeTest, WhatTheDeliveryWasBasedOnWasChangedOnPurpose) {
  const LoggedState own = State(5, {{"tag", "own"}, {"body", "b"}});
  EXPECT_EQ(Words({made_, own}, {Delivered(7, 6, {{"tag", "theirs"}, {"body", "b"}}, own)}), "");
}

TEST_F(MergeTest, OfTwoEditsOfOneFieldTheLaterWinsAndTheOtherIsListed) {
  const LoggedState own = State(5, {{"tag", "own"}, {"body", "b"}});
  EXPECT_EQ(Words({made_, own}, {Delivered(7, 6, {{"tag", "theirs"}, {"body", "b"}}, made_)}),
            "lost tag=own ");
  EXPECT_EQ(Words({made_, own}, {Delivered(7, 4, {{"tag", "theirs"}, {"body", "b"}}, made_)}),
            "owed tag=own lost tag=theirs ");
}

TEST_F(MergeTest, ThePolicyOfTheFieldDecides) {
  const LoggedState own = State(5, {{"tag", "own"}, {"body", "own"}});
  policies_ = {{"tag", v1::CONFLICT_POLICY_TARGET}, {"body", v1::CONFLICT_POLICY_SOURCE}};
  EXPECT_EQ(Words({made_, own}, {Delivered(7, 6, {{"tag", "theirs"}, {"body", "theirs"}}, made_)}),
            "owed tag=own lost body=own lost tag=theirs ");
  EXPECT_EQ(Words({made_, own}, {Delivered(7, 4, {{"tag", "theirs"}, {"body", "theirs"}}, made_)}),
            "owed tag=own lost body=own lost tag=theirs older won");
}

TEST_F(MergeTest, WhatIsOwedMeetsTheNextDelivery) {
  const LoggedState own = State(5, {{"tag", "own"}, {"body", "b"}});
  const NextState old = Delivered(7, 3, {{"tag", "t"}, {"body", "b"}}, made_);
  EXPECT_EQ(Words({made_, own}, {old, Delivered(8, 6, {{"tag", "theirs"}, {"body", "b"}}, made_)}),
            "lost tag=own ");
  EXPECT_EQ(Words({made_, own}, {old, Delivered(8, 4, {{"tag", "theirs"}, {"body", "b"}}, made_)}),
            "owed tag=own lost tag=theirs ");
}

TEST_F(MergeTest, ALaterEditOfTheRecordTakesThePlaceOfWhatIsOwed) {
  const LoggedState own = State(5, {{"tag", "own"}, {"body", "b"}});
  const NextState old = Delivered(7, 3, {{"tag", "t"}, {"body", "b"}}, made_);
  EXPECT_EQ(Words({made_, own}, {old, Own(8, {{"tag", "again"}, {"body", "b"}})}), "lost tag=own ");
  EXPECT_EQ(Words({made_, own}, {old, Own(8, {{"tag", "t"}, {"body", "other"}})}), "owed tag=own ");
  EXPECT_EQ(Words({made_, own}, {old, Own(8, {{"tag", "own"}, {"body", "b"}})}), "");
}

TEST_F(MergeTest, WhatIsOwedArrivesWithAVersionThatKnowsIt) {
  const LoggedState own = State(5, {{"tag", "own"}, {"body", "b"}});
  NextState amended = Delivered(9, 8, {{"tag", "own"}, {"body", "b"}}, made_);
  amended.knows_owed = true;
  EXPECT_EQ(Words({made_, own}, {Delivered(7, 3, {{"tag", "t"}, {"body", "b"}}, made_), amended}), "");
}

TEST_F(MergeTest, AVersionThatKnowsWhatWasOwedBeforeDoesNotKnowALaterEdit) {
  const auto text = [](const std::string& value) {
    v1::Value made;
    made.set_text_value(value);
    return made;
  };
  Owed before;
  before["tag"] = {{text("x"), text("t"), 5, {}}, text("t")};
  NextState amended = Delivered(9, 7, {{"tag", "x"}, {"body", "b"}}, made_);
  amended.knows_owed = true;
  NextState based_on_it = Delivered(10, 6, {{"tag", "x"}, {"body", "b"}}, made_);
  based_on_it.knows_owed = true;
  EXPECT_EQ(Words({made_}, {Own(8, {{"tag", "t"}, {"body", "later"}}), amended, based_on_it}, before),
            "owed body=later ");
}

TEST_F(MergeTest, WhatTwoRecordsHadWhenTheyMetIsComparedToo) {
  const auto merged = Merge({State(5, {{"tag", "own"}, {"body", "same"}})},
                            {Delivered(7, 4, {{"tag", "theirs"}, {"body", "same"}})}, policies_, {}, true);
  ASSERT_THAT(merged, test_support::IsOk());
  EXPECT_EQ(merged->owed.size(), 1u);
  EXPECT_EQ(merged->owed.at("tag").edit.value.text_value(), "own");
}

TEST_F(MergeTest, AnOldValueThatComesBackDoesNotWin) {
  // The own edit lost to `theirs`; an edit of another field brings the own value back, and `theirs` comes
  // again.
  const LoggedState own = State(5, {{"tag", "own"}, {"body", "b"}});
  const NextState theirs = Delivered(7, 6, {{"tag", "theirs"}, {"body", "b"}}, made_);
  const LoggedState later = State(8, {{"tag", "theirs"}, {"body", "x"}});
  EXPECT_EQ(
      Words({made_, own, theirs.state, later, Delivered(10, 9, {{"tag", "own"}, {"body", "b"}}, made_).state},
            {Delivered(12, 11, {{"tag", "theirs"}, {"body", "x"}}, later)}),
      "lost tag=own ");
}

TEST_F(MergeTest, AnEditThatADeleteTakesAwayIsListed) {
  const LoggedState own = State(5, {{"tag", "own"}, {"body", "b"}});
  NextState gone = Delivered(7, 6, {{"tag", "own"}, {"body", "b"}}, made_);
  gone.state.operation = v1::OPERATION_DELETE;
  EXPECT_EQ(Words({made_, own}, {gone}), "lost tag=own ");
  gone.state.origin->version = 4;
  EXPECT_EQ(Words({made_, own}, {gone}), "lost tag=own older won")
      << "the delete must reach who has the edit";
}

TEST_F(MergeTest, FieldsThatNoSyncWritesAreNotLookedAt) {
  policies_ = {{"body", v1::CONFLICT_POLICY_NEWEST}};
  EXPECT_EQ(Words({made_, State(5, {{"tag", "own"}, {"body", "b"}})},
                  {Delivered(7, 6, {{"tag", "t"}, {"body", "theirs"}}, made_)}),
            "");
}

TEST_F(MergeTest, AStateThatCannotBeReadIsAnError) {
  LoggedState broken = made_;
  broken.fields = "\xff";
  EXPECT_THAT(Merge({broken}, {Delivered(7, 6, {}, {})}, policies_, {}),
              test_support::HasReason("FIELDS_UNREADABLE"));
}

}  // namespace
}  // namespace cognate::change_capture
