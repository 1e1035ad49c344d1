#include "common/postgres/pool.h"

#include <atomic>
#include <thread>
#include <vector>

#include "common/postgres/pool_metrics.h"
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
using test_support::ValueOrDie;
using ::testing::HasSubstr;

const Statement kAdd = {"add", "UPDATE counters SET value = value + 1 RETURNING value"};
const Statement kRead = {"read", "SELECT value FROM counters"};

std::unique_ptr<Pool> NewPool(const std::string& uri, int max_connections = 4) {
  Options options;
  options.uri = uri;
  options.max_connections = max_connections;
  return ValueOrDie(Pool::Create(options));
}

absl::Status CreateCounters(Pool& pool) {
  return pool.Run("create", [](Transaction& transaction) {
    return transaction.Execute("CREATE TABLE counters (value bigint); INSERT INTO counters VALUES (0)");
  });
}

absl::StatusOr<int64_t> Read(Pool& pool) {
  int64_t value = -1;
  const absl::Status status = pool.Run("read", [&](Transaction& transaction) {
    const auto rows = transaction.Query(kRead);
    if (rows.ok()) value = rows->GetInt64(0, 0);
    return rows.status();
  });
  if (!status.ok()) return status;
  return value;
}

// As a standby that was a primary, or what a pooler leads to after a failover.
TEST(PoolTest, AConnectionWhoseServerOnlyReadsIsNotUsedAgain) {
  auto pool = NewPool(PostgresServer::Shared().CreateDatabase());
  ASSERT_OK(CreateCounters(*pool));
  ASSERT_OK(pool->Run("demote", [](Transaction& transaction) {
    return transaction.Execute("SET default_transaction_read_only = on");
  }));
  const auto add = [&] {
    return pool->InTransaction("add",
                               [](Transaction& transaction) { return transaction.Query(kAdd).status(); });
  };
  EXPECT_THAT(add(), HasReason("DATABASE_READ_ONLY"));
  EXPECT_EQ(pool->Stats().open, 0);
  EXPECT_OK(add());
  EXPECT_EQ(pool->Stats().open, 1);
}

TEST(PoolTest, ManyThreadsShareAFewConnections) {
  auto pool = NewPool(PostgresServer::Shared().CreateDatabase(), 3);
  ASSERT_OK(CreateCounters(*pool));
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 25; ++j) {
        EXPECT_OK(pool->InTransaction(
            "add", [](Transaction& transaction) { return transaction.Query(kAdd).status(); }));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(Read(*pool), test_support::IsOkAndHolds(200));
  const PoolStats stats = pool->Stats();
  EXPECT_LE(stats.open, 3);
  EXPECT_EQ(stats.idle, stats.open);
  EXPECT_EQ(stats.broken_total, 0);
}

TEST(PoolTest, ShowsHowBusyItIs) {
  metrics::Registry registry;
  auto pool = NewPool(PostgresServer::Shared().Uri(), 2);
  const PoolMetrics shown(*pool, registry, "feedback");
  EXPECT_OK(pool->Run("outer", [&](Transaction&) {
    const std::string text = registry.Text();
    EXPECT_THAT(text, HasSubstr("_connections{pool=\"main\",service=\"feedback\",state=\"busy\"} 1"));
    EXPECT_THAT(text, HasSubstr("_connections{pool=\"main\",service=\"feedback\",state=\"idle\"} 0"));
    EXPECT_THAT(text, HasSubstr("cognate_db_pool_connections_max{pool=\"main\",service=\"feedback\"} 2"));
    EXPECT_THAT(text, HasSubstr("cognate_db_pool_opened_total{pool=\"main\",service=\"feedback\"} 1"));
    return absl::OkStatus();
  }));
}

TEST(PoolTest, NoFreeConnectionInTimeIsResourceExhausted) {
  Options options;
  options.uri = PostgresServer::Shared().Uri();
  options.max_connections = 1;
  options.acquire_timeout = absl::Milliseconds(10);
  auto pool = ValueOrDie(Pool::Create(options));
  EXPECT_OK(pool->Run("outer", [&](Transaction&) {
    EXPECT_THAT(pool->Run("inner", [](Transaction&) { return absl::OkStatus(); }),
                HasReason("DATABASE_POOL_EXHAUSTED"));
    return absl::OkStatus();
  }));
  EXPECT_EQ(pool->Stats().waited_total, 1);
}

TEST(PoolTest, SerializationFailuresAreTriedAgain) {
  auto pool = NewPool(PostgresServer::Shared().CreateDatabase());
  ASSERT_OK(CreateCounters(*pool));
  int tries = 0;
  EXPECT_OK(pool->InTransactionWithRetry("add", [&](Transaction& transaction) -> absl::Status {
    absl::Status status = transaction.Execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    status.Update(transaction.Query(kRead).status());
    if (++tries < 3) {
      status.Update(pool->Run("disturb", [](Transaction& other) { return other.Query(kAdd).status(); }));
    }
    status.Update(transaction.Query(kAdd).status());
    return status;
  }));
  EXPECT_EQ(tries, 3);
  EXPECT_THAT(Read(*pool), test_support::IsOkAndHolds(3));
  EXPECT_THAT(
      pool->InTransactionWithRetry("never",
                                   [](Transaction& transaction) {
                                     return transaction.Execute("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$");
                                   }),
      StatusIs(absl::StatusCode::kAborted));
}

TEST(PoolTest, AKilledServerIsUnavailableAndThePoolRecovers) {
  auto server = ValueOrDie(PostgresServer::Start());
  auto pool = NewPool(server->CreateDatabase());
  ASSERT_OK(CreateCounters(*pool));
  EXPECT_THAT(pool->InTransaction("during",
                                  [&](Transaction& transaction) {
                                    EXPECT_OK(transaction.Query(kAdd));
                                    server->Kill();
                                    return transaction.Query(kAdd).status();
                                  }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Read(*pool), HasReason("DATABASE_UNAVAILABLE"));
  EXPECT_EQ(pool->Stats().open, 0);
  server->StartAgain();
  EXPECT_THAT(Read(*pool), test_support::IsOkAndHolds(0));

  // What broke while it lay idle costs nobody an error.
  server->Restart();
  EXPECT_THAT(Read(*pool), test_support::IsOkAndHolds(0));
}

TEST(PoolTest, AServerThatHangsIsWaitedForAndThenGoesOn) {
  auto server = ValueOrDie(PostgresServer::Start());
  auto pool = NewPool(server->CreateDatabase());
  ASSERT_OK(CreateCounters(*pool));
  server->Pause();
  std::atomic<bool> answered = false;
  std::thread reader([&] {
    EXPECT_OK(Read(*pool));
    answered = true;
  });
  EXPECT_TRUE(test_support::Stays([&] { return !answered; }, absl::Milliseconds(100)));
  server->Resume();
  reader.join();
}

TEST(PoolTest, ACommitWithoutAnAnswerHasAnUnknownOutcome) {
  auto server = ValueOrDie(PostgresServer::Start());
  auto pool = NewPool(server->CreateDatabase());
  const absl::Status status = pool->InTransaction("lost", [&](Transaction& transaction) {
    EXPECT_OK(transaction.Execute("CREATE TABLE t ()"));
    server->Kill();
    return absl::OkStatus();
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorMetadata(status, "outcome"), "unknown");
}

}  // namespace
}  // namespace cognate::postgres
