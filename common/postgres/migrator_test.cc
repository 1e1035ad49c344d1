#include "common/postgres/migrator.h"

#include <string>
#include <thread>
#include <vector>

#include "common/postgres/migrations.h"
#include "common/postgres/test_database.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"

namespace cognate::postgres {
namespace {

using test_support::HasReason;
using test_support::PostgresServer;
using test_support::StatusIs;
using ::testing::HasSubstr;

const std::vector<Migration> kMigrations = {
    {1, "create_a", "CREATE TABLE a (id int); INSERT INTO a VALUES (1)"},
    {2, "create_b", "CREATE TABLE b (id int)"}};

class MigratorTest : public ::testing::Test {
 protected:
  absl::Status Migrate(absl::Span<const Migration> migrations) {
    return postgres::Migrate(uri_, "things", migrations);
  }
  absl::Status Check(absl::Span<const Migration> migrations) {
    return CheckVersion(uri_, "things", migrations);
  }
  int64_t Count(const std::string& table) {
    auto connection = test_support::ValueOrDie(Connection::Open(uri_));
    return test_support::ValueOrDie(connection->QueryOnce("SELECT count(*) FROM things." + table, Params()))
        .GetInt64(0, 0);
  }

  const std::string uri_ = PostgresServer::Shared().CreateDatabase();
};

TEST_F(MigratorTest, BringsAnEmptyDatabaseToTheLastVersionOnce) {
  EXPECT_THAT(Check(kMigrations), HasReason("SCHEMA_VERSION_MISMATCH"));
  EXPECT_OK(Migrate(absl::MakeConstSpan(kMigrations).first(1)));
  const absl::Status behind = Check(kMigrations);
  EXPECT_EQ(ErrorMetadata(behind, "have"), "1");
  EXPECT_EQ(ErrorMetadata(behind, "want"), "2");
  EXPECT_OK(Migrate(kMigrations));
  EXPECT_OK(Migrate(kMigrations));
  EXPECT_OK(Check(kMigrations));
  EXPECT_EQ(Count("a"), 1);
  EXPECT_EQ(Count("schema_migrations"), 2);
}

TEST_F(MigratorTest, ManyAtOnceApplyEachMigrationOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_OK(Migrate(kMigrations)); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(Count("a"), 1);
}

TEST_F(MigratorTest, NobodyQueuesBehindAMigrationThatWaits) {
  EXPECT_OK(Migrate(kMigrations));
  auto backup = test_support::ValueOrDie(Connection::Open(uri_));
  ASSERT_OK(backup->Execute("BEGIN; LOCK TABLE things.a IN ACCESS SHARE MODE"));
  std::vector<Migration> migrations = kMigrations;
  migrations.push_back({3, "widen_a", "ALTER TABLE a ADD COLUMN name text"});
  std::thread migration([&] { EXPECT_OK(Migrate(migrations)); });
  const auto waits = [&] {
    return test_support::ValueOrDie(backup->QueryOnce("SELECT count(*) FROM pg_locks WHERE NOT granted "
                                                      "AND relation = 'things.a'::regclass",
                                                      Params()))
               .GetInt64(0, 0) > 0;
  };
  // Three times, so that it has stepped back and come again.
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(test_support::Eventually(waits));
    EXPECT_EQ(Count("a"), 1);
    EXPECT_TRUE(test_support::Eventually([&] { return !waits(); }));
  }
  EXPECT_EQ(Count("schema_migrations"), 2);
  ASSERT_OK(backup->Execute("ROLLBACK"));
  migration.join();
  EXPECT_EQ(Count("schema_migrations"), 3);
}

TEST_F(MigratorTest, AFailedMigrationLeavesNothingAndSaysWhy) {
  std::vector<Migration> migrations = kMigrations;
  migrations[1].sql = "CREATE TABLE b (id int); SELECT * FROM missing";
  EXPECT_THAT(Migrate(migrations),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"missing\" does not exist")));
  EXPECT_EQ(Count("schema_migrations"), 1);
  EXPECT_OK(Migrate(kMigrations));
}

TEST_F(MigratorTest, AProgramOfTheVersionBeforeGoesOnBesideANewerSchema) {
  EXPECT_OK(Migrate(kMigrations));
  const absl::Span<const Migration> before = absl::MakeConstSpan(kMigrations).first(1);
  EXPECT_OK(Check(before));
  EXPECT_OK(Migrate(before));  // as its pod does when it starts again
  EXPECT_EQ(Count("schema_migrations"), 2);
}

TEST_F(MigratorTest, AProgramThatAMigrationIsTooNewForIsRefused) {
  std::vector<Migration> migrations = kMigrations;
  migrations.push_back({3, "drop_a", "-- What 2 does without.\n-- needs: 2\nDROP TABLE a"});
  migrations.push_back({4, "create_c", "CREATE TABLE c (id int)"});
  EXPECT_OK(Migrate(migrations));
  EXPECT_OK(Check(kMigrations));
  EXPECT_OK(Migrate(kMigrations));
  const absl::Span<const Migration> before = absl::MakeConstSpan(kMigrations).first(1);
  EXPECT_THAT(Migrate(before), HasReason("SCHEMA_VERSION_MISMATCH"));
  const absl::Status refused = Check(before);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("too old for")));
  EXPECT_EQ(ErrorMetadata(refused, "have"), "4");
  EXPECT_EQ(ErrorMetadata(refused, "want"), "1");
}

TEST_F(MigratorTest, NeedsNameAnEarlierMigration) {
  for (const char* sql : {"-- needs: x\nSELECT 1", "-- needs: 3\nSELECT 1", "-- needs: 0\nSELECT 1"}) {
    std::vector<Migration> migrations = kMigrations;
    migrations.push_back({3, "wrong", sql});
    EXPECT_THAT(Migrate(migrations), HasReason("MIGRATION_FAILED")) << sql;
  }
}

TEST_F(MigratorTest, ATableOfAnEarlierProgramIsReadAndWidened) {
  EXPECT_OK(Migrate(absl::MakeConstSpan(kMigrations).first(1)));
  auto connection = test_support::ValueOrDie(Connection::Open(uri_));
  ASSERT_OK(connection->Execute("ALTER TABLE things.schema_migrations DROP COLUMN needs"));
  EXPECT_OK(Check(absl::MakeConstSpan(kMigrations).first(1)));
  EXPECT_OK(Migrate(kMigrations));
  EXPECT_OK(Check(kMigrations));
}

TEST_F(MigratorTest, AChangedMigrationIsRefused) {
  EXPECT_OK(Migrate(kMigrations));
  std::vector<Migration> changed = kMigrations;
  changed[0].sql = "CREATE TABLE a (id bigint)";
  EXPECT_THAT(Migrate(changed), HasReason("MIGRATION_CHANGED"));
}

TEST_F(MigratorTest, FilesAreEmbeddedInOrder) {
  const absl::Span<const Migration> embedded = test_migrations::Migrations();
  ASSERT_EQ(embedded.size(), 2U);
  EXPECT_EQ(embedded[0].number, 1);
  EXPECT_EQ(embedded[0].name, "create_words");
  EXPECT_EQ(embedded[1].number, 12);
  EXPECT_OK(Migrate(embedded));
  EXPECT_OK(Check(embedded));
  EXPECT_EQ(Count("words"), 1);
}

}  // namespace
}  // namespace cognate::postgres
