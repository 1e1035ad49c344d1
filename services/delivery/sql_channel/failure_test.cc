#include "services/delivery/sql_channel/failure.h"

#include "gmock/gmock.h"
#include "services/delivery/sql_channel/sql_channel_fixture.h"

namespace cognate::delivery {
namespace {

using ::testing::HasSubstr;
using value::Int;
using value::Null;
using value::Text;

class SqlFailureTest : public SqlChannelTest {
 protected:
  void SetUp() override {
    SqlChannelTest::SetUp();
    Execute(
        "CREATE TABLE items (id serial PRIMARY KEY, code text UNIQUE, name varchar(5), amount numeric(4,1), "
        "day date, small smallint NOT NULL CHECK (small < 100), parent_id int REFERENCES items)");
    ASSERT_OK(channel_->Open());
  }
  static bus::v1::DeliveryGroup Items() {
    return Group("public.items", {"code", "name", "amount", "day", "small", "parent_id"});
  }
  static std::vector<v1::Value> Good(int number) {
    return {Text(absl::StrCat("c", number)), Text("name"), value::Decimal("1.5"),
            value::Date("2026-01-01"),       Int(1),       Null()};
  }
  // Entity 1 with one value that is wrong.
  v1::Outcome Bad(size_t field, const v1::Value& value) {
    auto group = Items();
    auto values = Good(1);
    values[field] = value;
    Add(group, 1, 1, values);
    return ApplyOne(group);
  }
};

TEST_F(SqlFailureTest, OneBadRecordOfFiveHundredFailsAloneWithItsColumn) {
  auto group = Items();
  for (int i = 0; i < 500; ++i) Add(group, i, i + 1, Good(i));
  *group.mutable_deliveries(317)->mutable_values(1) = Text("too long");
  const auto outcomes = Apply(group);
  for (int i = 0; i < 500; ++i) {
    if (i == 317) continue;
    ASSERT_EQ(outcomes[static_cast<size_t>(i)].status(), v1::OUTCOME_STATUS_APPLIED) << i;
  }
  EXPECT_EQ(outcomes[317].status(), v1::OUTCOME_STATUS_REJECTED);
  EXPECT_EQ(outcomes[317].error().reason(), "VALUE_TOO_LONG");
  EXPECT_EQ(outcomes[317].error().field(), "name");
  EXPECT_THAT(outcomes[317].error().message(), HasSubstr("has 8 characters, and the column takes 5"));
  EXPECT_EQ(Ask("SELECT count(*) FROM items"), "499");
}

TEST_F(SqlFailureTest, EveryRefusalNamesItsFieldAndReason) {
  const auto expect = [](const v1::Outcome& outcome, absl::string_view reason, absl::string_view field) {
    EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_REJECTED) << outcome.ShortDebugString();
    EXPECT_EQ(outcome.error().reason(), reason) << outcome.ShortDebugString();
    EXPECT_EQ(outcome.error().field(), field) << outcome.ShortDebugString();
    EXPECT_FALSE(outcome.error().message().empty());
  };
  expect(Bad(2, value::Decimal("12345")), "VALUE_OUT_OF_RANGE", "amount");
  expect(Bad(3, value::Date("2026-02-31")), "INVALID_TEXT", "day");
  expect(Bad(3, Text("soon")), "INVALID_TEXT", "day");
  expect(Bad(4, Int(100'000)), "VALUE_OUT_OF_RANGE", "small");
  expect(Bad(4, Int(100)), "CHECK_VIOLATION", "small");
  expect(Bad(4, Null()), "NOT_NULL_VIOLATION", "small");
  expect(Bad(0, Text(absl::string_view("a\0b", 3))), "BAD_ENCODING", "code");
  auto other = Items();
  Add(other, 2, 2, Good(2));
  Apply(other);
  expect(Bad(0, Text("c2")), "UNIQUE_VIOLATION", "code");
}

TEST_F(SqlFailureTest, AMissingParentIsTriedAgain) {
  const v1::Outcome outcome = Bad(5, Int(4711));
  EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_FAILED);
  EXPECT_EQ(outcome.error().reason(), "FOREIGN_KEY_VIOLATION");
  EXPECT_EQ(outcome.error().field(), "parent_id");
}

TEST_F(SqlFailureTest, ALockedRowFailsAlone) {
  auto group = Items();
  for (int i = 0; i < 64; ++i) Add(group, i, i + 1, Good(i));
  Apply(group);
  auto blocker = test_support::ValueOrDie(postgres::Connection::Open(uri_));
  ASSERT_OK(blocker->Execute("BEGIN; UPDATE items SET day = now() WHERE code = 'c20'"));
  for (auto& delivery : *group.mutable_deliveries()) delivery.set_version(delivery.version() + 1000);
  const auto outcomes = Apply(group);
  for (size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(outcomes[i].status(), i == 20 ? v1::OUTCOME_STATUS_FAILED : v1::OUTCOME_STATUS_APPLIED) << i;
  }
  EXPECT_EQ(outcomes[20].error().reason(), "LOCK_TIMEOUT");
}

TEST_F(SqlFailureTest, AWrongTableFailsWithoutTheOthers) {
  auto missing = Group("public.nowhere", {"a"});
  Add(missing, 1, 1, {Int(1)});
  auto renamed = Group("public.items", {"code", "colour", "small"});
  Add(renamed, 2, 2, {Text("a"), Text("red"), Int(1)});
  auto good = Items();
  Add(good, 3, 3, Good(3));
  const auto outcomes = Apply({&missing, &renamed, &good});
  EXPECT_EQ(outcomes[0].status(), v1::OUTCOME_STATUS_FAILED);
  EXPECT_EQ(outcomes[0].error().reason(), "UNDEFINED_TABLE");
  EXPECT_EQ(outcomes[1].error().reason(), "UNDEFINED_COLUMN");
  EXPECT_THAT(outcomes[1].error().message(), HasSubstr("catalogue again"));
  EXPECT_EQ(outcomes[2].status(), v1::OUTCOME_STATUS_APPLIED);
}

TEST_F(SqlFailureTest, AMissingRightFailsTheTableAlone) {
  Execute(
      "DROP ROLE IF EXISTS limited; CREATE ROLE limited LOGIN; GRANT USAGE, CREATE ON SCHEMA cognate TO "
      "limited");
  Execute(
      "GRANT SELECT, INSERT, UPDATE ON cognate.inbox TO limited; CREATE TABLE open (id serial PRIMARY KEY, n "
      "int); GRANT ALL ON open, open_id_seq TO limited");
  channel_ = MakeChannel("limited");
  ASSERT_OK(channel_->Open());
  auto items = Items();
  for (int i = 0; i < 100; ++i) Add(items, i, i + 1, Good(i));
  auto open = Group("public.open", {"n"});
  Add(open, 1000, 1000, {Int(1)});
  const auto outcomes = Apply({&items, &open});
  EXPECT_EQ(outcomes[0].status(), v1::OUTCOME_STATUS_FAILED);
  EXPECT_EQ(outcomes[0].error().reason(), "DATABASE_PERMISSION_DENIED");
  EXPECT_THAT(outcomes[0].error().message(),
              HasSubstr("GRANT SELECT, INSERT, UPDATE, DELETE ON \"public\".\"items\""));
  EXPECT_EQ(outcomes[100].status(), v1::OUTCOME_STATUS_APPLIED);
  channel_.reset();
  Execute("DROP OWNED BY limited");
}

TEST_F(SqlFailureTest, ATriggerThatDropsARecordIsNoticed) {
  Execute(
      "CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.code = 'c3' THEN RETURN "
      "NULL; END IF; "
      "RETURN NEW; END $$; CREATE TRIGGER drop_it BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE "
      "FUNCTION drop_it()");
  auto group = Items();
  for (int i = 0; i < 8; ++i) Add(group, i, i + 1, Good(i));
  const auto outcomes = Apply(group);
  EXPECT_EQ(outcomes[3].status(), v1::OUTCOME_STATUS_REJECTED);
  EXPECT_EQ(outcomes[3].error().reason(), "REFUSED_BY_TRIGGER");
  for (const size_t i : {0, 1, 2, 4, 5, 6, 7}) {
    EXPECT_EQ(outcomes[i].local_id(), Ask(absl::StrCat("SELECT id FROM items WHERE code = 'c", i, "'")));
  }
}

}  // namespace
}  // namespace cognate::delivery
