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

std::vector<std::pair<std::string, std::string>> PlansByIndex() {
  return {{"plan_cache_mode", "force_generic_plan"},
          {"jit", "off"},
          {"enable_seqscan", "off"},
          {"enable_bitmapscan", "off"},
          {"enable_hashjoin", "off"},
          {"enable_mergejoin", "off"}};
}

}  // namespace cognate::config
