#include "common/postgres/connection.h"

#include <pqxx/pqxx>

#include "common/postgres/sqlstate.h"
#include "common/postgres/test_database.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/explain.h"
#include "tests/support/status_matchers.h"

namespace cognate::postgres {
namespace {

using test_support::HasReason;
using test_support::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

const Statement kInsert = {"insert_item", "INSERT INTO items (id, name) VALUES ($1, $2)"};
const Statement kCount = {"count_items", "SELECT count(*) FROM items"};

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(connection_->Execute("CREATE TABLE items (id bigint PRIMARY KEY, name text NOT NULL)"));
  }
  absl::Status Insert(Transaction& transaction, int64_t id) {
    return transaction.Query(kInsert, Params().AddInt64(id).AddText("x")).status();
  }
  int64_t Count() { return test_support::ValueOrDie(connection_->Query(kCount)).GetInt64(0, 0); }

  std::unique_ptr<Connection> connection_ = OpenTestDatabase();
};

TEST_F(ConnectionTest, PqxxAndBinaryStatementsShareOneTransaction) {
  EXPECT_OK(connection_->InTransaction("both", [&](Transaction& transaction) -> absl::Status {
    transaction.work().exec_params("INSERT INTO items VALUES ($1, $2)", 1, "pqxx");
    EXPECT_OK(Insert(transaction, 2));
    EXPECT_EQ(transaction.work().exec("SELECT count(*) FROM items").front().front().as<int>(), 2);
    return absl::OkStatus();
  }));
  EXPECT_EQ(Count(), 2);
  EXPECT_THAT(connection_->InTransaction("undone",
                                         [&](Transaction& transaction) -> absl::Status {
                                           transaction.work().exec("DELETE FROM items WHERE id = 1");
                                           EXPECT_OK(Insert(transaction, 3));
                                           return absl::CancelledError("changed my mind");
                                         }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(Count(), 2);
}

TEST_F(ConnectionTest, AnExceptionOfPqxxBecomesAStatusAndRollsBack) {
  const absl::Status status =
      connection_->InTransaction("twice", [](Transaction& transaction) -> absl::Status {
        transaction.work().exec("INSERT INTO items VALUES (1, 'a')");
        transaction.work().exec("INSERT INTO items VALUES (1, 'b')");
        return absl::OkStatus();
      });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAlreadyExists, Not(HasSubstr("INSERT"))));
  EXPECT_THAT(status, HasReason("UNIQUE_VIOLATION"));
  EXPECT_EQ(ErrorMetadata(status, "constraint"), "items_pkey");
  EXPECT_EQ(ErrorMetadata(status, "table"), "items");
  EXPECT_THAT(ServerMessage(status), HasSubstr("twice: duplicate key value"));
  EXPECT_EQ(Count(), 0);
  EXPECT_TRUE(connection_->Alive());
}

TEST_F(ConnectionTest, AnErrorThatTheFunctionSwallowedIsNotCommitted) {
  EXPECT_THAT(connection_->InTransaction("swallow",
                                         [&](Transaction& transaction) -> absl::Status {
                                           EXPECT_OK(Insert(transaction, 1));
                                           EXPECT_THAT(transaction.Execute("SELECT 1/0"),
                                                       HasReason("INVALID_VALUE"));
                                           return absl::OkStatus();
                                         }),
              HasReason("TRANSACTION_ROLLED_BACK"));
  EXPECT_EQ(Count(), 0);
}

TEST_F(ConnectionTest, AffectedRowsAreCounted) {
  ASSERT_OK_AND_ASSIGN(
      const Rows rows,
      connection_->QueryOnce("INSERT INTO items SELECT g, 'x' FROM generate_series(1, 7) g", Params()));
  EXPECT_EQ(rows.affected(), 7);
}

TEST_F(ConnectionTest, TwoStatementsOfOneNameAreRefused) {
  EXPECT_OK(connection_->Query(kCount));
  EXPECT_THAT(connection_->Query(Statement{"count_items", "SELECT 2"}), HasReason("STATEMENT_NAME_TAKEN"));
}

TEST_F(ConnectionTest, TextQueriesSpeakWithForeignTables) {
  ASSERT_OK_AND_ASSIGN(const Rows rows,
                       connection_->QueryText("SELECT $1::int + 1, $2::text, 'ä'", {"41", std::nullopt}));
  EXPECT_EQ(rows.GetText(0, 0), "42");
  EXPECT_TRUE(rows.IsNull(0, 1));
  EXPECT_EQ(rows.GetText(0, 2), "ä");
  EXPECT_GE(connection_->ServerVersion(), 130000);
  EXPECT_EQ(connection_->QuoteIdentifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(connection_->QuoteLiteral("it's \\"), "'it''s \\'");
}

TEST_F(ConnectionTest, AStatementThatTakesTooLongIsEnded) {
  EXPECT_OK(connection_->Execute("SET statement_timeout = 20"));
  EXPECT_THAT(connection_->Execute("SELECT pg_sleep(30)"), HasReason("STATEMENT_TIMEOUT"));
  EXPECT_TRUE(connection_->Alive());
}

TEST_F(ConnectionTest, ThePlanOfAStatementCanBeRead) {
  const Statement statement = {"get_item", "SELECT name FROM items WHERE id = $1"};
  ASSERT_OK_AND_ASSIGN(const std::string generic,
                       test_support::Explain(*connection_, statement, Params().AddInt64(1)));
  EXPECT_THAT(generic, HasSubstr("Index Cond: (id = $1)"));
  ASSERT_OK_AND_ASSIGN(
      const std::string custom,
      test_support::Explain(*connection_, statement, Params().AddInt64(17), test_support::PlanKind::kCustom));
  EXPECT_THAT(custom, HasSubstr("(id = '17'::bigint)"));
}

TEST(ConnectionOpenTest, SaysWhyAServerCannotBeUsed) {
  auto& server = test_support::PostgresServer::Shared();
  EXPECT_THAT(Connection::Open("host=/no/such/folder"), HasReason("DATABASE_UNAVAILABLE"));
  EXPECT_THAT(Connection::Open(server.Uri("missing")), HasReason("DATABASE_NOT_FOUND"));
  EXPECT_THAT(Connection::Open(server.Uri("postgres", "nobody_of_ours")),
              HasReason("DATABASE_LOGIN_REFUSED"));
  EXPECT_THAT(Connection::Open("no=conninfo"), HasReason("INVALID_DATABASE_URI"));
}

TEST(ConnectionOpenTest, SetsTheSession) {
  ConnectionOptions options;
  options.uri = test_support::PostgresServer::Shared().Uri();
  options.search_path = "some_schema";
  options.role = "pg_monitor";
  options.application_name = "a-service";
  auto connection = test_support::ValueOrDie(Connection::Open(options));
  ASSERT_OK_AND_ASSIGN(
      const Rows rows,
      connection->QueryText(
          "SELECT current_setting('search_path'), current_setting('TimeZone'), current_user, "
          "current_setting('application_name'), current_setting('client_encoding')"));
  EXPECT_EQ(rows.GetText(0, 0), "some_schema");
  EXPECT_EQ(rows.GetText(0, 1), "UTC");
  EXPECT_EQ(rows.GetText(0, 2), "pg_monitor");
  EXPECT_EQ(rows.GetText(0, 3), "a-service");
  EXPECT_EQ(rows.GetText(0, 4), "UTF8");
}

}  // namespace
}  // namespace cognate::postgres
