#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/groups.h"
#include "common/postgres/pool.h"

namespace cognate::config {

// How a service connects that owns `schema`, "change_capture": within it, and under its name as it is
// deployed, "cognate-change-capture".
postgres::Options PostgresOptions(const Postgres& postgres, absl::string_view schema);

// Session settings where every statement that runs for each batch has one right plan, by index: what the
// planner believes of a new, an emptied or an old table must not find another.
std::vector<std::pair<std::string, std::string>> PlansByIndex();

}  // namespace cognate::config
