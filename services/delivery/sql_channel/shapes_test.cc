// What a channel remembers of its target, and for how long.
#include "services/delivery/sql_channel/shapes.h"

#include "gmock/gmock.h"
#include "services/delivery/sql_channel/sql_channel_fixture.h"

namespace cognate::delivery {
namespace {

using value::Int;
using value::Text;

TEST_F(SqlChannelTest, AChangedTableIsReadAgain) {
  Execute("CREATE TABLE things (id serial PRIMARY KEY, a int)");
  ASSERT_OK(channel_->Open());
  auto group = Group("public.things", {"a"});
  Add(group, 1, 1, {Int(1)});
  Apply(group);
  Execute("ALTER TABLE things ADD COLUMN b int; ALTER TABLE things ALTER COLUMN a TYPE text");
  auto wider = Group("public.things", {"a", "b"});
  Add(wider, 2, 2, {Int(1), Int(2)});
  Add(group, 3, 3, {Text("x")});
  for (const v1::Outcome& outcome : Apply({&wider, &group}))
    EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_APPLIED) << outcome.ShortDebugString();
  EXPECT_EQ(Ask("SELECT a FROM things ORDER BY id"), "1|1|x");
}

TEST_F(SqlChannelTest, AWrongTableIsReadOnceAgainAnIntervalAndCostsNoConnection) {
  Execute("CREATE TABLE things (id serial PRIMARY KEY, a int)");
  ASSERT_OK(channel_->Open());
  const std::string backend =
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'cognate-delivery' AND datname = "
      "current_database()";
  const std::string pid = Ask(backend);
  auto good = Group("public.things", {"a"});
  auto absent_column = Group("public.things", {"a", "b"});
  auto absent_table = Group("public.later", {"a"});
  for (int i = 1; i <= 3; ++i) {
    good.clear_deliveries();
    Add(good, 1, i, {Int(i)});
    absent_column.clear_deliveries();
    Add(absent_column, 2, i, {Int(1), Int(2)});
    absent_table.clear_deliveries();
    Add(absent_table, 3, i, {Int(1)});
    const auto outcomes = Apply({&good, &absent_column, &absent_table});
    EXPECT_EQ(outcomes[0].status(), v1::OUTCOME_STATUS_APPLIED);
    EXPECT_EQ(outcomes[1].error().reason(), "UNDEFINED_COLUMN");
    EXPECT_EQ(outcomes[2].error().reason(), "UNDEFINED_TABLE");
  }
  // Both are mended, but this is not seen before the interval is over.
  Execute("ALTER TABLE things ADD COLUMN b int; CREATE TABLE later (id serial PRIMARY KEY, a int)");
  auto outcomes = Apply({&absent_column, &absent_table});
  EXPECT_EQ(outcomes[0].error().reason(), "UNDEFINED_COLUMN");
  EXPECT_EQ(outcomes[1].error().reason(), "UNDEFINED_TABLE");
  EXPECT_EQ(Ask(backend), pid);

  shapes_options_.reread_interval = absl::ZeroDuration();
  channel_ = MakeChannel();
  ASSERT_OK(channel_->Open());
  for (const v1::Outcome& outcome : Apply({&absent_column, &absent_table})) {
    EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_APPLIED) << outcome.ShortDebugString();
  }
}

TEST_F(SqlChannelTest, OnlySoManyShapesAndTheirStatementsAreKept) {
  shapes_options_.max_plans = 4;
  channel_ = MakeChannel();
  std::string columns;
  for (int i = 0; i < 12; ++i) absl::StrAppend(&columns, ", c", i, " int");
  Execute(absl::StrCat("CREATE TABLE wide (id serial PRIMARY KEY", columns, ")"));
  // Notes what is prepared in the channel's own session.
  Execute(
      "CREATE TABLE prepared (n int); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "INSERT INTO prepared SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'shape%'; RETURN "
      "NEW; "
      "END $$; CREATE TRIGGER note BEFORE INSERT OR UPDATE ON wide FOR EACH ROW EXECUTE FUNCTION note()");
  ASSERT_OK(channel_->Open());
  int64_t version = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (int i = 0; i < 12; ++i) {
      auto group = Group("public.wide", {absl::StrCat("c", i)});
      Add(group, i, ++version, {Int(pass)});
      ASSERT_EQ(ApplyOne(group).status(), v1::OUTCOME_STATUS_APPLIED);
    }
  }
  EXPECT_EQ(Ask("SELECT max(n) <= 10 FROM prepared"), "t") << Ask("SELECT max(n) FROM prepared");
  EXPECT_EQ(Ask("SELECT count(*) FROM wide"), "12");
}

}  // namespace
}  // namespace cognate::delivery
