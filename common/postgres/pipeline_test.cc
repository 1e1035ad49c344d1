#include <string>
#include <vector>

#include "common/postgres/connection.h"
#include "common/postgres/test_database.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::postgres {
namespace {

using test_support::HasReason;
using test_support::StatusIs;

const Statement kBegin = {"begin", "BEGIN"};
const Statement kCommit = {"commit", "COMMIT"};
const Statement kInsert = {"insert_item", "INSERT INTO items (id, name) VALUES ($1, $2) RETURNING id"};
const Statement kCount = {"count_items", "SELECT count(*) FROM items"};

class PipelineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(connection_->Execute(
        "CREATE TABLE items (id bigint PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, name text NOT NULL)"));
  }
  int64_t Count() { return test_support::ValueOrDie(connection_->Query(kCount)).GetInt64(0, 0); }

  std::unique_ptr<Connection> connection_ = OpenTestDatabase();
  const Params one_ = Params().AddInt64(1).AddText("one");
  const Params two_ = Params().AddInt64(2).AddText("two");
  const Params nameless_ = Params().AddInt64(3).AddNull();
  std::vector<Rows> answers_;
};

TEST_F(PipelineTest, AnswersEachStatementInOrder) {
  ASSERT_OK(connection_->QueryTogether(
      {{&kBegin}, {&kInsert, &one_}, {&kInsert, &two_}, {&kCount}, {&kCommit}}, &answers_));
  ASSERT_EQ(answers_.size(), 5u);
  EXPECT_EQ(answers_[1].GetInt64(0, 0), 1);
  EXPECT_EQ(answers_[2].GetInt64(0, 0), 2);
  EXPECT_EQ(answers_[3].GetInt64(0, 0), 2);
  EXPECT_EQ(Count(), 2);
  EXPECT_TRUE(connection_->Alive());
}

TEST_F(PipelineTest, AnErrorEndsItAndSaysWhere) {
  const absl::Status status = connection_->QueryTogether(
      {{&kBegin}, {&kInsert, &one_}, {&kInsert, &nameless_}, {&kCommit}}, &answers_);
  EXPECT_THAT(status, HasReason("NOT_NULL_VIOLATION"));
  EXPECT_EQ(answers_.size(), 2u);
  connection_->Rollback();
  EXPECT_EQ(Count(), 0);
  // A commit can fail as well, and leaves no transaction behind.
  EXPECT_THAT(
      connection_->QueryTogether({{&kBegin}, {&kInsert, &one_}, {&kInsert, &one_}, {&kCommit}}, &answers_),
      HasReason("UNIQUE_VIOLATION"));
  EXPECT_EQ(answers_.size(), 3u);
  EXPECT_TRUE(connection_->Alive());
  EXPECT_EQ(Count(), 0);
}

TEST_F(PipelineTest, ManyLargeAnswersAndParametersDoNotBlockEachOther) {
  const Statement echo = {"echo", "SELECT $1::text"};
  const Params large = Params().AddText(std::string(4 << 20, 'x'));
  ASSERT_OK(connection_->QueryTogether({{&echo, &large}, {&echo, &large}, {&echo, &large}}, &answers_));
  EXPECT_EQ(answers_.at(2).GetText(0, 0).size(), size_t{4 << 20});
}

TEST_F(PipelineTest, ALostConnectionIsUnavailable) {
  const Statement lose = {"lose", "SELECT pg_terminate_backend(pg_backend_pid())"};
  EXPECT_THAT(connection_->QueryTogether({{&kBegin}, {&lose}, {&kCount}, {&kCommit}}, &answers_),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(connection_->Alive());
  EXPECT_THAT(connection_->QueryTogether({{&kCount}}, &answers_), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PipelineTest, AForgottenStatementIsPreparedAnew) {
  EXPECT_EQ(Count(), 0);
  ASSERT_OK(connection_->Forget(std::vector<std::string>{"count_items", "never_met"}));
  ASSERT_OK_AND_ASSIGN(const Rows left,
                       connection_->QueryText("SELECT count(*)::text FROM pg_prepared_statements"));
  EXPECT_EQ(left.GetText(0, 0), "0");
  EXPECT_EQ(Count(), 0);
}

}  // namespace
}  // namespace cognate::postgres
