#include "services/change_capture/assignment_moves.h"

#include <deque>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::change_capture {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NewestOfEachTest : public ::testing::Test {
 protected:
  // A record of an entity with this newest version; `of` is the version whose content it has, where that is
  // another.
  const LoggedState* Add(const std::string& entity, const std::vector<int32_t>& targets, int64_t version,
                         int64_t of = 0, bool is_home = false) {
    v1::AssignmentMove& move = moves_.emplace_back();
    move.set_entity_id(entity);
    move.mutable_targets()->Assign(targets.begin(), targets.end());
    move.set_is_home(is_home);
    LoggedState& state = states_.emplace_back();
    state.version = version;
    if (of > 0) state.origin = Origin{Uuid(), of};
    moving_.push_back({&move, &state});
    return &state;
  }

  std::deque<v1::AssignmentMove> moves_;
  std::deque<LoggedState> states_;
  std::vector<MovingState> moving_;
};

TEST_F(NewestOfEachTest, TakesEveryRecordThatStandsAlone) {
  const LoggedState* const b = Add("B", {1}, 9);
  const LoggedState* const a = Add("A", {1, 2}, 4);
  EXPECT_THAT(NewestOfEach(moving_), ElementsAre(a, b));
}

TEST_F(NewestOfEachTest, TakesTheNewestContentOfAnEntityWhateverItsVersion) {
  Add("A", {1}, 9, /*of=*/3);
  const LoggedState* const own = Add("A", {1}, 5);
  EXPECT_THAT(NewestOfEach(moving_), ElementsAre(own));
}

TEST_F(NewestOfEachTest, OfTheSameContentItTakesWhereTheRecordCameFrom) {
  Add("A", {1}, 9, /*of=*/5);
  const LoggedState* const home = Add("A", {1}, 5, 0, /*is_home=*/true);
  Add("A", {1}, 8, /*of=*/5);
  EXPECT_THAT(NewestOfEach(moving_), ElementsAre(home));
}

TEST_F(NewestOfEachTest, WhatAloneLeadsToATargetIsTakenAsWellBeforeTheNewest) {
  const LoggedState* const old = Add("A", {2}, 3);
  const LoggedState* const newest = Add("A", {1}, 5);
  EXPECT_THAT(NewestOfEach(moving_), ElementsAre(old, newest));
}

TEST_F(NewestOfEachTest, LeavesDeletedRecordsOut) {
  Add("A", {1}, 5);
  states_.back().operation = v1::OPERATION_DELETE;
  EXPECT_THAT(NewestOfEach(moving_), IsEmpty());
}

}  // namespace
}  // namespace cognate::change_capture
