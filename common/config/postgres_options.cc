#include "common/config/postgres_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace cognate::config {

postgres::Options PostgresOptions(const Postgres& postgres, absl::string_view schema) {
  postgres::Options options;
  options.uri = postgres.uri;
  options.search_path = std::string(schema);
  options.application_name = absl::StrCat("cognate-", absl::StrReplaceAll(schema, {{"_", "-"}}));
  options.max_connections = postgres.pool_size;
  return options;
}

}  // namespace cognate::config
