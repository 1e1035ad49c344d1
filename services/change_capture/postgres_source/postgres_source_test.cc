#include "services/change_capture/postgres_source/postgres_source.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "services/change_capture/postgres_source/test_source.h"

namespace cognate::change_capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PostgresSourceTest : public SourceFixture {
 protected:
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
  metrics::Gauge& read_anew_time =
      log_->metrics().Gauges("source_read_anew_timestamp_seconds", "", {"platform"}).With({platform_});
  read_anew_time.Set(0);  // As another process shows it that begins now.
  const double before = absl::ToDoubleSeconds(Clock::Real().Now() - absl::UnixEpoch());
  Sql("DELETE FROM item WHERE id = 2; UPDATE item SET name = 'D' WHERE id = 4");
  Ask(absl::StrCat("SELECT pg_create_logical_replication_slot('", slot(), "', 'pgoutput')"));
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitEqual("item", "id"));
  EXPECT_GE(read_anew_time.Value(), before) << "an alert on its age needs no sample of before";
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
  ASSERT_TRUE(AwaitStreaming());
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
  const std::string end = Ask("SELECT pg_current_wal_lsn()");
  // The walsender is still there, and waits for somebody to take what it writes: the source has stopped
  // reading in the middle of the transaction. It answers the walsender meanwhile.
  const auto waits = [&] {
    return Ask(absl::StrCat("SELECT count(*) FROM pg_stat_replication r JOIN pg_stat_activity a USING (pid) "
                            "JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE slot_name = '",
                            slot(), "' AND wait_event = 'WalSenderWriteData' AND sent_lsn < '", end, "'")) ==
           "1";
  };
  int looks = 0;
  ASSERT_TRUE(Eventually([&] { return (looks = waits() ? looks + 1 : 0) >= 20; }));
  EXPECT_EQ(Entries("public.item").size(), 0U);
  ASSERT_OK(blocker->Execute("ROLLBACK"));
  ASSERT_TRUE(Eventually([&] { return Entries("public.item").size() == 50000; }));
}

}  // namespace
}  // namespace cognate::change_capture
