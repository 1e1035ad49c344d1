#include "gmock/gmock.h"
#include "services/delivery/server.h"
#include "tests/support/postgres_server.h"
#include "tests/support/schema_dump.h"
#include "tests/support/status_matchers.h"

namespace cognate::delivery {
namespace {

TEST(Migrations, MakeTheSchemaOfTheGoldenFile) {
  Config config;
  config.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
  ASSERT_OK(Migrate(config));
  ASSERT_OK(Migrate(config));
  EXPECT_EQ(test_support::CompareSchema(config.postgres.uri, "delivery", "services/delivery/schema.sql"), "");
}

}  // namespace
}  // namespace cognate::delivery
