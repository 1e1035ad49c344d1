// Cognate's own PostgreSQL is killed while changes flow; its synchronous standby is promoted, and the
// services find it by the URI that names both. Nothing that was acknowledged may be lost.
#include "absl/strings/str_cat.h"
#include "common/postgres/connection.h"
#include "gtest/gtest.h"
#include "tests/faults/prove.h"
#include "tests/high_availability/size.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::high_availability {
namespace {

using faults::World;
using test_support::Eventually;
using test_support::PostgresServer;

std::string Ask(const PostgresServer& server, const std::string& sql) {
  const auto connection = postgres::Connection::Open(server.Uri());
  if (!connection.ok()) return "";
  const auto rows = (*connection)->QueryText(sql);
  return rows.ok() && rows->size() == 1 ? std::string(rows->GetText(0, 0)) : "";
}

TEST(HighAvailability, NothingIsLostWhenThePrimaryPostgresDies) {
  faults::Surroundings surroundings = Sized();
  faults::settings.seeds = 1;  // The one that died would have to be copied anew.
  const auto primary = test_support::ValueOrDie(PostgresServer::Start({.settings = {"max_connections=150"}}));
  primary->CreateDatabase("cognate");
  const auto standby = test_support::ValueOrDie(PostgresServer::StartStandby(*primary, "second"));
  // From here on a commit is told when both have it.
  ASSERT_OK((*postgres::Connection::Open(primary->Uri()))
                ->Execute("ALTER SYSTEM SET synchronous_standby_names = 'second'"));
  ASSERT_EQ(Ask(*primary, "SELECT pg_reload_conf()::text"), "true");
  ASSERT_TRUE(Eventually([&] {
    return Ask(*primary, "SELECT coalesce(max(sync_state), '') FROM pg_stat_replication") == "sync";
  }));
  surroundings.servers.postgres_uri = PostgresServer::UriOfPrimary({primary.get(), standby.get()}, "cognate");
  const auto fail_over = [&](World& world) {
    world.Pause(2'000, 5'000);
    const absl::Time lost = absl::Now();
    primary->Kill();
    EXPECT_EQ(Ask(*standby, "SELECT pg_promote()::text"), "true");
    MeasureRecovery(world, lost);
  };
  faults::Prove("ha.postgres_failover", fail_over, surroundings);
}

}  // namespace
}  // namespace cognate::high_availability
