#include "common/config/postgres_options.h"

#include "gtest/gtest.h"

namespace cognate::config {
namespace {

TEST(PostgresOptionsTest, AServiceWorksInItsSchemaUnderItsDeployedName) {
  Postgres postgres;
  postgres.uri = "postgres://h/d";
  postgres.pool_size = 3;
  const postgres::Options options = PostgresOptions(postgres, "change_capture");
  EXPECT_EQ(options.uri, "postgres://h/d");
  EXPECT_EQ(options.search_path, "change_capture");
  EXPECT_EQ(options.application_name, "cognate-change-capture");
  EXPECT_EQ(options.max_connections, 3);
}

}  // namespace
}  // namespace cognate::config
