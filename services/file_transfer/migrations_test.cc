#include "gmock/gmock.h"
#include "services/file_transfer/server.h"
#include "tests/support/postgres_server.h"
#include "tests/support/schema_dump.h"
#include "tests/support/status_matchers.h"

namespace cognate::file_transfer {
namespace {

TEST(Migrations, MakeTheSchemaOfTheGoldenFile) {
  Config config;
  config.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
  ASSERT_OK(Migrate(config));
  ASSERT_OK(Migrate(config));
  EXPECT_EQ(
      test_support::CompareSchema(config.postgres.uri, "file_transfer", "services/file_transfer/schema.sql"),
      "");
}

}  // namespace
}  // namespace cognate::file_transfer
