// Which tables are captured, and what becomes of those that change.
#include <map>
#include <string>
#include <vector>

#include "common/value/local_id.h"
#include "services/change_capture/postgres_source/test_source.h"

namespace cognate::change_capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using PostgresSourceTablesTest = SourceFixture;

TEST_F(PostgresSourceTablesTest, TakesATableThatIsAddedLaterWhileTheOthersGoOn) {
  Sql("CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE late (id int PRIMARY KEY); INSERT INTO late "
      "VALUES (1)");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("INSERT INTO item VALUES (1); INSERT INTO late VALUES (2)");
  source_->SetPlan(Plan({"public.item", "public.late"}));
  ASSERT_TRUE(Eventually([&] { return SnapshotComplete("public.late"); }));
  Sql("INSERT INTO item VALUES (2); INSERT INTO late VALUES (3)");
  ASSERT_TRUE(AwaitEqual("late", "id"));
  ASSERT_TRUE(AwaitEqual("item", "id"));
  EXPECT_EQ(Entries("public.item").size(), 2U);
  EXPECT_EQ(Entries("public.late").size(), 3U);
  source_->SetPlan(Plan({"public.late"}));
  ASSERT_TRUE(Eventually([&] { return State().models_size() == 1; }));
  EXPECT_EQ(Ask(absl::StrCat("SELECT string_agg(tablename, ',') FROM pg_publication_tables WHERE pubname = '",
                             slot(), "'")),
            "late");
}

TEST_F(PostgresSourceTablesTest, RefusesATableWithoutPrimaryKeyWithAReasonUntilItIsMended) {
  Sql("CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE bare (id int); INSERT INTO bare VALUES (1)");
  Sql("CREATE VIEW seen AS SELECT 1 AS id; CREATE UNLOGGED TABLE loose (id int PRIMARY KEY)");
  Sql("CREATE TABLE mute (id int PRIMARY KEY); ALTER TABLE mute REPLICA IDENTITY NOTHING");
  Sql("CREATE TABLE late (id int PRIMARY KEY DEFERRABLE)");
  StartSource({"public.bare", "public.gone", "public.item", "public.late", "public.loose", "public.mute",
               "public.seen"});
  ASSERT_TRUE(AwaitStreaming()) << State().ShortDebugString();
  EXPECT_THAT(Obstacle("public.bare"), HasSubstr("no primary key"));
  EXPECT_THAT(Obstacle("public.bare"), HasSubstr(R"(ALTER TABLE "public"."bare" ADD PRIMARY KEY)"));
  EXPECT_THAT(Obstacle("public.gone"), HasSubstr("no table of this name"));
  EXPECT_THAT(Obstacle("public.seen"), HasSubstr("no table"));
  EXPECT_THAT(Obstacle("public.loose"), HasSubstr("SET LOGGED"));
  EXPECT_THAT(Obstacle("public.mute"), HasSubstr("REPLICA IDENTITY DEFAULT"));
  EXPECT_THAT(Obstacle("public.late"), HasSubstr("DEFERRABLE"));
  EXPECT_THAT(Obstacle("public.item"), IsEmpty());
  Sql("UPDATE late SET id = 1");  // not published: the source's own work is not hindered
  Sql("INSERT INTO item VALUES (1)");
  ASSERT_TRUE(AwaitEqual("item", "id"));
  Sql("ALTER TABLE bare ADD PRIMARY KEY (id); INSERT INTO bare VALUES (2)");
  ASSERT_TRUE(AwaitEqual("bare", "id"));
  EXPECT_THAT(Obstacle("public.bare"), IsEmpty());
}

TEST_F(PostgresSourceTablesTest, ReadsParentsBeforeTheTablesThatReferToThem) {
  Sql("CREATE TABLE c (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, c int REFERENCES c);"
      "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES b, a int REFERENCES a);"
      "INSERT INTO c VALUES (1); INSERT INTO b VALUES (1, 1); INSERT INTO a VALUES (1, 1, 1)");
  StartSource({"public.a", "public.b", "public.c"});
  ASSERT_TRUE(AwaitStreaming());
  EXPECT_LT(Entries("public.c")[0].version, Entries("public.b")[0].version);
  EXPECT_LT(Entries("public.b")[0].version, Entries("public.a")[0].version);
}

TEST_F(PostgresSourceTablesTest, CapturesPartitionsAsTheirTableAndLeavesOutGeneratedColumns) {
  Sql("CREATE TABLE sale (id int, day date, twice int GENERATED ALWAYS AS (id * 2) STORED, PRIMARY KEY (id, "
      "day)) "
      "PARTITION BY RANGE (day);"
      "CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');"
      "CREATE TABLE sale_2 PARTITION OF sale FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');"
      "CREATE TABLE root (id int PRIMARY KEY); CREATE TABLE branch (PRIMARY KEY (id)) INHERITS (root);"
      "INSERT INTO sale VALUES (1, '2026-01-05'), (2, '2026-02-05'); INSERT INTO root VALUES (1);"
      "INSERT INTO branch VALUES (2)");
  StartSource({"public.root", "public.sale"});
  ASSERT_TRUE(AwaitStreaming()) << State().ShortDebugString();
  Sql("INSERT INTO sale VALUES (3, '2026-01-06'); UPDATE sale SET day = '2026-02-06' WHERE id = 1;"
      "INSERT INTO branch VALUES (3); INSERT INTO root VALUES (4)");
  ASSERT_TRUE(
      Eventually([&] { return Entries("public.sale").size() == 5 && Entries("public.root").size() == 2; }));
  EXPECT_THAT(Story("public.sale"),
              ElementsAre("create 1,2026-01-05", "create 2,2026-02-05", "create 3,2026-01-06",
                          "delete 1,2026-01-05", "create 1,2026-02-06"));
  EXPECT_EQ(Entries("public.sale")[0].fields.size(), 2U);
  EXPECT_EQ(Entries("public.sale")[2].fields.size(), 2U);
  EXPECT_THAT(Story("public.root"), ElementsAre("create 1", "create 4"));
}

TEST_F(PostgresSourceTablesTest, ReadsATableAnewWhenItsRowsWereChangedByAlteringIt) {
  Sql("CREATE TABLE item (id int PRIMARY KEY, code text); INSERT INTO item VALUES (1, '7'), (2, '8')");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("ALTER TABLE item ADD note text DEFAULT 'given'");
  ASSERT_TRUE(AwaitEqual("item", "id")) << "a new column with a default, seen without any change";
  Sql("ALTER TABLE item ALTER code TYPE int USING code::int; INSERT INTO item VALUES (3, 9, 'n')");
  ASSERT_TRUE(AwaitEqual("item", "id"));
  ASSERT_TRUE(Eventually([&] {
    std::map<std::string, bool> is_int;
    for (const LogEntry& entry : Entries("public.item")) {
      is_int[entry.local_id] = entry.values.fields(1).value().has_int64_value();
    }
    return is_int["1"] && is_int["2"] && is_int["3"] && SnapshotComplete("public.item");
  }));
  // One without content costs nothing.
  const size_t before = Entries("public.item").size();
  Sql("ALTER TABLE item ADD empty text; INSERT INTO item VALUES (4, 10, 'n')");
  ASSERT_TRUE(Eventually([&] { return Entries("public.item").size() == before + 1; }));
  Sql("ALTER TABLE item DROP note; INSERT INTO item VALUES (5, 11)");
  ASSERT_TRUE(Eventually([&] { return Entries("public.item").size() == before + 2; }));
  EXPECT_EQ(Entries("public.item").back().fields.size(), 3U);
}

TEST_F(PostgresSourceTablesTest, ReadsATableAnewWhenItWasReplaced) {
  Sql("CREATE TABLE item (id int PRIMARY KEY, code text UNIQUE NOT NULL); INSERT INTO item VALUES (1, 'a'), "
      "(2, 'b')");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("BEGIN; DROP TABLE item; CREATE TABLE item (id int PRIMARY KEY, code text NOT NULL);"
      "INSERT INTO item VALUES (2, 'c'), (3, 'd'); COMMIT");
  ASSERT_TRUE(AwaitEqual("item", "id"));
  EXPECT_EQ(Story("public.item").back(), "delete 1");
  Sql("BEGIN; ALTER TABLE item RENAME TO away; UPDATE away SET code = 'x' WHERE id = 2;"
      "ALTER TABLE away RENAME TO item; COMMIT");
  Sql("ALTER TABLE item RENAME TO away; UPDATE away SET code = 'y'");
  ASSERT_TRUE(Eventually([&] { return !Obstacle("public.item").empty(); }));
  Sql("ALTER TABLE away RENAME TO item");
  ASSERT_TRUE(AwaitEqual("item", "id"));
  Sql("ALTER TABLE item DROP CONSTRAINT item_pkey; ALTER TABLE item ADD PRIMARY KEY (code, id)");
  ASSERT_TRUE(
      Eventually([&] { return Logged("public.item").contains("y,2") && Logged("public.item").size() == 2; }));
}

TEST_F(PostgresSourceTablesTest, TakesWhatIsTooLargeWithItsSizeInsteadOfItsValue) {
  Sql("CREATE TABLE item (id text PRIMARY KEY, body text, raw bytea, note text)");
  Sql("INSERT INTO item VALUES ('', 'x'), (repeat('k', 513), 'x'), ('good', repeat('b', 9000000))");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("INSERT INTO item VALUES (repeat('j', 600), 'x'), ('large', repeat('b', 9000000))");
  Sql("INSERT INTO item VALUES ('fine', 'x', repeat('r', 8 << 20)::bytea)");
  Sql("UPDATE item SET note = 'n' WHERE id = 'large'; UPDATE item SET id = 'short' WHERE id = repeat('j', "
      "600)");
  ASSERT_TRUE(Eventually([&] { return Logged("public.item").contains("short"); }));
  const std::string tall = value::FitLocalId(std::string(513, 'k'));
  const auto logged = Logged("public.item");
  EXPECT_EQ(logged.at("good").at("body"), "a value of 9000000 bytes, which was left out");
  EXPECT_EQ(logged.at("large").at("body"), "a value of 9000000 bytes, which was left out");
  EXPECT_EQ(logged.at("large").at("note"), "n") << "an update that did not touch what is too large";
  EXPECT_EQ(logged.at("fine").at("raw").size(), 2 + (16u << 20));
  EXPECT_EQ(logged.at(tall).at("id"), "a value of 513 bytes, which was left out");
  EXPECT_EQ(logged.at(tall).at("body"), "x");
  EXPECT_EQ(logged.at(value::FitLocalId("")).at("id"), "a value of 0 bytes, which was left out");
  EXPECT_FALSE(logged.contains(value::FitLocalId(std::string(600, 'j')))) << "its key was changed";
  EXPECT_EQ(logged.at("short").at("id"), "short");
}

}  // namespace
}  // namespace cognate::change_capture
