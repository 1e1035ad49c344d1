#include "services/platform_registry/migrations.h"

#include "gtest/gtest.h"
#include "services/platform_registry/registry_fixture.h"
#include "tests/support/schema_dump.h"

namespace cognate::platform_registry {
namespace {

TEST(MigrationsTest, MakeExactlyTheSchemaThatTheGoldenFileSays) {
  Config config;
  config.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
  ASSERT_OK(Migrate(config));
  EXPECT_EQ(test_support::CompareSchema(config.postgres.uri, "platform_registry",
                                        "services/platform_registry/schema.sql"),
            "");
}

TEST(MigrationsTest, AServingProcessRefusesADatabaseThatIsNotMigrated) {
  Config config;
  config.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
  metrics::Registry metrics;
  service::Cluster cluster(service::ClusterOptions(), Clock::Real(), metrics);
  EXPECT_THAT(Server::Create(config, cluster.AddEnvironment("platform_registry")),
              test_support::HasReason("SCHEMA_VERSION_MISMATCH"));
}

}  // namespace
}  // namespace cognate::platform_registry
