#include "common/postgres/sqlstate.h"

#include "common/postgres/test_database.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::postgres {
namespace {

using test_support::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

struct Case {
  const char* sql;
  const char* sqlstate;
  absl::StatusCode code;
  const char* reason;
};

constexpr Case kCases[] = {
    {"INSERT INTO child VALUES (1, 1), (1, 1)", "23505", absl::StatusCode::kAlreadyExists,
     "UNIQUE_VIOLATION"},
    {"INSERT INTO child VALUES (2, 99)", "23503", absl::StatusCode::kFailedPrecondition,
     "FOREIGN_KEY_VIOLATION"},
    {"INSERT INTO child VALUES (3, NULL)", "23502", absl::StatusCode::kInvalidArgument, "NOT_NULL_VIOLATION"},
    {"INSERT INTO child VALUES (-1, 1)", "23514", absl::StatusCode::kInvalidArgument, "CHECK_VIOLATION"},
    {"INSERT INTO parent VALUES (2, 'too long')", "22001", absl::StatusCode::kInvalidArgument,
     "VALUE_TOO_LONG"},
    {"INSERT INTO parent VALUES (9999999999, '')", "22003", absl::StatusCode::kOutOfRange,
     "VALUE_OUT_OF_RANGE"},
    {"SELECT 'x'::int", "22P02", absl::StatusCode::kInvalidArgument, "INVALID_TEXT"},
    {"SELECT '2026-02-30'::date", "22008", absl::StatusCode::kInvalidArgument, "INVALID_TEXT"},
    {"SELECT convert_from('\\xff'::bytea, 'UTF8')", "22021", absl::StatusCode::kInvalidArgument,
     "BAD_ENCODING"},
    {"SELECT * FROM no_such_table", "42P01", absl::StatusCode::kFailedPrecondition, "UNDEFINED_TABLE"},
    {"SELECT no_such_column FROM parent", "42703", absl::StatusCode::kFailedPrecondition, "UNDEFINED_COLUMN"},
    {"SELEKT 1", "42601", absl::StatusCode::kFailedPrecondition, "DATABASE_SCHEMA_ERROR"},
    {"SET ROLE pg_monitor; SELECT * FROM parent", "42501", absl::StatusCode::kPermissionDenied,
     "DATABASE_PERMISSION_DENIED"},
    {"BEGIN READ ONLY; DELETE FROM parent", "25006", absl::StatusCode::kUnavailable, "DATABASE_READ_ONLY"},
};

TEST(SqlStateTest, EachErrorOfTheServerHasItsCodeAndReasonAndLeaksNothing) {
  auto connection = OpenTestDatabase();
  ASSERT_OK(connection->Execute(
      "CREATE TABLE parent (id int PRIMARY KEY, name varchar(3)); INSERT INTO parent VALUES (1, 'a');"
      "CREATE TABLE child (id int PRIMARY KEY CHECK (id > 0), parent int NOT NULL REFERENCES parent)"));
  for (const Case& wanted : kCases) {
    SCOPED_TRACE(wanted.sql);
    const absl::Status status = connection->Execute(wanted.sql);
    EXPECT_OK(connection->Execute("ROLLBACK; RESET ROLE"));
    EXPECT_THAT(status, StatusIs(wanted.code, Not(HasSubstr("no_such"))));
    EXPECT_EQ(ErrorReason(status), wanted.reason);
    EXPECT_EQ(SqlState(status), wanted.sqlstate);
    EXPECT_NE(ServerMessage(status), "");
  }
}

TEST(SqlStateTest, NamesTheColumnAndTheConstraint) {
  auto connection = OpenTestDatabase();
  ASSERT_OK(connection->Execute("CREATE TABLE t (a int NOT NULL, b int CONSTRAINT positive CHECK (b > 0))"));
  EXPECT_EQ(ErrorMetadata(connection->Execute("INSERT INTO t VALUES (NULL, 1)"), "column"), "a");
  const absl::Status status = connection->Execute("INSERT INTO t VALUES (1, -1)");
  EXPECT_EQ(ErrorMetadata(status, "constraint"), "positive");
  EXPECT_EQ(ErrorMetadata(status, "table"), "t");
}

TEST(SqlStateTest, NoSqlStateMeansThatTheConnectionFailed) {
  const absl::Status status = StatusFromDiagnostics({});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(RetryDelay(status), absl::Seconds(1));
  EXPECT_EQ(ServerMessage(absl::OkStatus()), "");
}

}  // namespace
}  // namespace cognate::postgres
