#include "services/change_capture/postgres_source.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "services/change_capture/test_source.h"

namespace cognate::change_capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PostgresSourceTest : public SourceFixture {
 protected:
  // "create 1", "update 1", … in version order.
  std::vector<std::string> Story(absl::string_view model) {
    std::vector<std::string> story;
    for (const LogEntry& entry : Entries(model)) {
      const char* const names[] = {"?", "create ", "update ", "delete "};
      story.push_back(names[entry.operation] + entry.local_id);
    }
    return story;
  }
  int64_t SlotConfirmed() {
    return std::atoll(Ask(absl::StrCat("SELECT (confirmed_flush_lsn - '0/0')::int8 FROM pg_replication_slots "
                                       "WHERE slot_name = '",
                                       slot(), "'"))
                          .c_str());
  }
};

TEST_F(PostgresSourceTest, TakesTheRowsThatAreThereAndFollowsWhatHappens) {
  Sql("CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (2, 'two'), (1, 'one')");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming()) << State().ShortDebugString();
  EXPECT_TRUE(SnapshotComplete("public.item"));
  EXPECT_EQ(State().models(0).snapshot_row_count(), 2);
  Sql("INSERT INTO item VALUES (3, NULL); UPDATE item SET name = 'uno' WHERE id = 1; DELETE FROM item WHERE "
      "id = 2");
  ASSERT_TRUE(AwaitEqual("item", "id"));
  EXPECT_THAT(Story("public.item"), ElementsAre("create 1", "create 2", "create 3", "update 1", "delete 2"));
  EXPECT_EQ(Entries("public.item").back().fields.at("name"), "two") << "a delete holds the last state";
  EXPECT_FALSE(State().confirmed_position().empty());
}

TEST_F(PostgresSourceTest, FillsInUnchangedLongValuesFromTheLog) {
  Sql("CREATE TABLE page (id int PRIMARY KEY, hits int, body text); ALTER TABLE page ALTER body SET STORAGE "
      "EXTERNAL");
  Sql("INSERT INTO page SELECT i, 0, repeat(i::text, 5000) FROM generate_series(1, 30) i");
  StartSource({"public.page"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("UPDATE page SET hits = hits + 1");
  Sql("BEGIN; UPDATE page SET body = repeat('new', 3000) WHERE id = 1; UPDATE page SET hits = 7 WHERE id = 1;"
      "INSERT INTO page VALUES (99, 0, repeat('z', 9000)); UPDATE page SET hits = 1 WHERE id = 99; COMMIT");
  Sql("UPDATE page SET hits = hits + 1");
  ASSERT_TRUE(AwaitEqual("page", "id"));
  for (const LogEntry& entry : Entries("public.page")) EXPECT_EQ(entry.fields.size(), 3U) << entry.local_id;
}

TEST_F(PostgresSourceTest, AsksTheSourceForLongValuesThatTheLogNeverHad) {
  Sql("CREATE TABLE page (id int PRIMARY KEY, hits int, body text); ALTER TABLE page ALTER body SET STORAGE "
      "EXTERNAL");
  Sql("INSERT INTO page VALUES (1, 0, repeat('x', 5000))");
  StartSource({"public.page"});
  ASSERT_TRUE(AwaitStreaming());
  StopSource();
  auto log = ValueOrDie(postgres::Connection::Open(log_->uri()));
  ASSERT_OK(log->Execute("DELETE FROM change_capture.changes"));
  Sql("UPDATE page SET hits = 1");
  StartSource({"public.page"});
  ASSERT_TRUE(AwaitEqual("page", "id"));
}

TEST_F(PostgresSourceTest, TurnsAChangeOfTheKeyIntoADeleteAndACreate) {
  Sql("CREATE TABLE page (id int PRIMARY KEY, hits int, body text); ALTER TABLE page ALTER body SET STORAGE "
      "EXTERNAL");
  Sql("INSERT INTO page VALUES (1, 0, repeat('x', 5000))");
  StartSource({"public.page"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("UPDATE page SET id = 2");
  Sql("ALTER TABLE page REPLICA IDENTITY FULL");
  Sql("UPDATE page SET hits = 5; UPDATE page SET id = 3; DELETE FROM page");
  ASSERT_TRUE(Eventually([&] { return Entries("public.page").size() == 7; }));
  EXPECT_THAT(Story("public.page"), ElementsAre("create 1", "delete 1", "create 2", "update 2", "delete 2",
                                                "create 3", "delete 3"));
  for (const LogEntry& entry : Entries("public.page")) {
    EXPECT_EQ(entry.fields.at("body").size(), 5000U) << entry.version;
  }
}

TEST_F(PostgresSourceTest, DeletesEveryRecordOfATruncatedTable) {
  Sql("CREATE TABLE item (id int PRIMARY KEY, name text); CREATE TABLE other (id int PRIMARY KEY)");
  Sql("INSERT INTO item SELECT i, 'n' FROM generate_series(1, 2500) i; INSERT INTO other VALUES (1)");
  StartSource({"public.item", "public.other"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("BEGIN; INSERT INTO item VALUES (9999, 'before'); TRUNCATE item; INSERT INTO item VALUES (1, 'after'); "
      "COMMIT");
  ASSERT_TRUE(AwaitEqual("item", "id"));
  EXPECT_EQ(Entries("public.item").size(), 2500U + 1 + 2501 + 1);
  EXPECT_EQ(Logged("public.other").size(), 1U);
}

TEST_F(PostgresSourceTest, TakesATableThatIsAddedLaterWhileTheOthersGoOn) {
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

TEST_F(PostgresSourceTest, RefusesATableWithoutPrimaryKeyWithAReasonUntilItIsMended) {
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

TEST_F(PostgresSourceTest, ReadsParentsBeforeTheTablesThatReferToThem) {
  Sql("CREATE TABLE c (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, c int REFERENCES c);"
      "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES b, a int REFERENCES a);"
      "INSERT INTO c VALUES (1); INSERT INTO b VALUES (1, 1); INSERT INTO a VALUES (1, 1, 1)");
  StartSource({"public.a", "public.b", "public.c"});
  ASSERT_TRUE(AwaitStreaming());
  EXPECT_LT(Entries("public.c")[0].version, Entries("public.b")[0].version);
  EXPECT_LT(Entries("public.b")[0].version, Entries("public.a")[0].version);
}

TEST_F(PostgresSourceTest, CapturesPartitionsAsTheirTableAndLeavesOutGeneratedColumns) {
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

TEST_F(PostgresSourceTest, ReadsATableAnewWhenItsRowsWereChangedByAlteringIt) {
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

TEST_F(PostgresSourceTest, ReadsATableAnewWhenItWasReplaced) {
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

TEST_F(PostgresSourceTest, ReadsEverythingAnewWhenTheSlotWasDropped) {
  Sql("CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'a'), (2, 'b'), (3, "
      "'c')");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  // Behind its back, while it runs.
  ASSERT_TRUE(Eventually([&] {
    Ask(absl::StrCat("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '",
                     slot(), "'"));
    return DropSlot(*sql_, slot()).ok();
  }));
  Sql("DELETE FROM item WHERE id = 1; UPDATE item SET name = 'B' WHERE id = 2; INSERT INTO item VALUES (4, "
      "'d')");
  ASSERT_TRUE(AwaitEqual("item", "id"));
  StopSource();
  // While nobody runs, with one of the same name made in its place.
  ASSERT_TRUE(Eventually([&] { return DropSlot(*sql_, slot()).ok(); }));
  Sql("DELETE FROM item WHERE id = 2; UPDATE item SET name = 'D' WHERE id = 4");
  Ask(absl::StrCat("SELECT pg_create_logical_replication_slot('", slot(), "', 'pgoutput')"));
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitEqual("item", "id"));
  StopSource();
  Sql(absl::StrCat("DROP PUBLICATION ", slot(), "; DELETE FROM item WHERE id = 3"));
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitEqual("item", "id"));
  StopSource();
  Sql(absl::StrCat("DROP PUBLICATION ", slot(), "; CREATE PUBLICATION ", slot(),
                   "; INSERT INTO item VALUES (9, 'z')"));
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitEqual("item", "id"));
  Sql("INSERT INTO item VALUES (10, 'z')");
  ASSERT_TRUE(AwaitEqual("item", "id"));
}

TEST_F(PostgresSourceTest, WaitsWhileAnotherProcessHasTheSourceAndTakesOver) {
  Sql("CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  std::unique_ptr<PostgresSource> first = std::move(source_);
  StartSource({"public.item"});
  Sql("INSERT INTO item VALUES (2)");
  ASSERT_TRUE(AwaitEqual("item", "id"));
  EXPECT_EQ(State().state(), v1::SOURCE_STATE_STREAMING)
      << "the one that waits says nothing over the one that works";
  first.reset();
  Sql("INSERT INTO item VALUES (3)");
  ASSERT_TRUE(AwaitEqual("item", "id"));
  EXPECT_EQ(Entries("public.item").size(), 3U);
}

TEST_F(PostgresSourceTest, SaysThatAStrangerReadsFromItsSlot) {
  Sql("CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  StopSource();
  auto stranger = ValueOrDie(postgres::ReplicationConnection::Open(source_uri_, "SET timezone = 'UTC'"));
  ASSERT_TRUE(Eventually([&] { return stranger->StartStream(slot(), slot(), 0).ok(); }));
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitFailing("another process reads the replication slot"));
  stranger.reset();
  ASSERT_TRUE(AwaitStreaming());
  Sql("INSERT INTO item VALUES (2)");
  ASSERT_TRUE(AwaitEqual("item", "id"));
}

TEST_F(PostgresSourceTest, SaysWhatIsMissingAndGoesOnWhenItIsThere) {
  Sql("CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)");
  const std::string role = absl::StrCat("reader_", slot());
  Sql(absl::StrCat("CREATE ROLE ", role, " LOGIN"));
  const std::string database = Ask("SELECT current_database()");
  StartSource(Plan({"public.item"}, source_server().Uri(database, role)));
  ASSERT_TRUE(AwaitFailing("GRANT CREATE ON DATABASE")) << State().ShortDebugString();
  Sql(absl::StrCat("CREATE PUBLICATION ", slot(), "; ALTER PUBLICATION ", slot(), " OWNER TO ", role));
  ASSERT_TRUE(AwaitFailing("ALTER ROLE … REPLICATION")) << State().ShortDebugString();
  Sql(absl::StrCat("ALTER ROLE ", role, " REPLICATION"));
  ASSERT_TRUE(Eventually([&] {
    return Obstacle("public.item").find("may not publish it") != std::string::npos;
  })) << State().ShortDebugString();
  Sql(absl::StrCat("ALTER PUBLICATION ", slot(), " ADD TABLE item"));
  ASSERT_TRUE(Eventually([&] { return Obstacle("public.item").find("GRANT SELECT") != std::string::npos; }))
      << State().ShortDebugString();
  Sql(absl::StrCat("GRANT SELECT ON item TO ", role));
  ASSERT_TRUE(AwaitEqual("item", "id"));
  EXPECT_THAT(Obstacle("public.item"), IsEmpty());
  StopSource();
  Sql(absl::StrCat("DROP PUBLICATION ", slot(), "; REVOKE ALL ON item FROM ", role));
  ASSERT_TRUE(Eventually([&] { return DropSlot(*sql_, slot()).ok(); }));
  Sql(absl::StrCat("DROP ROLE ", role));
}

TEST_F(PostgresSourceTest, SaysHowToMendAServerWithoutLogicalDecoding) {
  auto server = ValueOrDie(PostgresServer::Start({false, {"wal_level=replica", "max_wal_senders=4"}}));
  StartSource(Plan({"public.item"}, server->Uri()));
  ASSERT_TRUE(AwaitFailing("wal_level is replica")) << State().ShortDebugString();
  StopSource();
  StartSource(Plan({"public.item"}, "postgresql://nobody@127.0.0.1:1/none"));
  ASSERT_TRUE(AwaitFailing("cannot be reached")) << State().ShortDebugString();
}

TEST_F(PostgresSourceTest, TakesSlotAndPublicationAwayWhenNothingIsWanted) {
  Sql("CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1), (2)");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  source_->SetPlan(Plan({}));
  ASSERT_TRUE(Eventually([&] { return source_->retired(); }));
  EXPECT_EQ(State().state(), v1::SOURCE_STATE_IDLE);
  EXPECT_EQ(Ask(absl::StrCat("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '", slot(), "'")),
            "0");
  EXPECT_EQ(Ask(absl::StrCat("SELECT count(*) FROM pg_publication WHERE pubname = '", slot(), "'")), "0");
  Sql("DELETE FROM item WHERE id = 1; INSERT INTO item VALUES (3)");
  source_->SetPlan(Plan({"public.item"}));
  ASSERT_TRUE(AwaitEqual("item", "id"));
  EXPECT_EQ(State().state(), v1::SOURCE_STATE_STREAMING);
}

TEST_F(PostgresSourceTest, AdvancesWhileOthersWriteAndNothingIsCaptured) {
  Sql("CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE noise (t text)");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("INSERT INTO noise SELECT repeat('x', 1000) FROM generate_series(1, 10000)");
  const int64_t end = static_cast<int64_t>(ValueOrDie(CurrentPosition(*sql_)));
  ASSERT_TRUE(Eventually([&] { return SlotConfirmed() >= end; })) << SlotConfirmed() << " of " << end;
  ASSERT_TRUE(Eventually([&] { return State().lag_bytes() < 1 << 20; }));
}

TEST_F(PostgresSourceTest, ReadsNoFasterThanTheLogTakesIt) {
  Sql("CREATE TABLE item (id int PRIMARY KEY, name text)");
  options_.groups_in_flight = 3;
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  auto blocker = ValueOrDie(postgres::Connection::Open(log_->uri()));
  ASSERT_OK(blocker->Execute("BEGIN; LOCK TABLE change_capture.version_counter"));
  Sql("INSERT INTO item SELECT i, repeat('x', 400) FROM generate_series(1, 50000) i");
  // The walsender is still there and unserved when the source stops reading; the source answers it meanwhile.
  const auto sent = [&] {
    return std::atoll(
        Ask(absl::StrCat("SELECT COALESCE(max(pg_wal_lsn_diff(sent_lsn, flush_lsn)), -1)::int8 "
                         "FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid "
                         "WHERE slot_name = '",
                         slot(), "'"))
            .c_str());
  };
  absl::SleepFor(absl::Seconds(1));  // time for it to read too much
  EXPECT_GE(sent(), 0);
  EXPECT_EQ(Entries("public.item").size(), 0U);
  ASSERT_OK(blocker->Execute("ROLLBACK"));
  ASSERT_TRUE(Eventually([&] { return Entries("public.item").size() == 50000; }, absl::Seconds(30)));
}

TEST_F(PostgresSourceTest, LeavesOutWhatCannotBeARecord) {
  Sql("CREATE TABLE item (id text PRIMARY KEY, body text)");
  Sql("INSERT INTO item VALUES ('', 'x'), (repeat('k', 513), 'x'), ('good', repeat('b', 9000000))");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("INSERT INTO item VALUES (repeat('j', 600), 'x'), ('fine', 'x'), ('large', repeat('b', 9000000))");
  ASSERT_TRUE(Eventually([&] { return Entries("public.item").size() == 3; }));
  EXPECT_THAT(Story("public.item"), ElementsAre("create good", "create fine", "create large"));
  EXPECT_FALSE(Logged("public.item").at("good").contains("body"));
  EXPECT_FALSE(Logged("public.item").at("large").contains("body"));
}

}  // namespace
}  // namespace cognate::change_capture
