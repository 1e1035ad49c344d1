#include "gmock/gmock.h"
#include "services/feedback/server.h"
#include "tests/support/postgres_server.h"
#include "tests/support/schema_dump.h"
#include "tests/support/status_matchers.h"

namespace cognate::feedback {
namespace {

TEST(Migrations, MakeTheSchemaOfTheGoldenFile) {
  Config config;
  config.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
  ASSERT_OK(Migrate(config));
  ASSERT_OK(Migrate(config));
  EXPECT_EQ(test_support::CompareSchema(config.postgres.uri, "feedback", "services/feedback/schema.sql"), "");
}

}  // namespace
}  // namespace cognate::feedback
