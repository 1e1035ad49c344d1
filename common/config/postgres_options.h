#pragma once

#include "absl/strings/string_view.h"
#include "common/config/groups.h"
#include "common/postgres/pool.h"

namespace cognate::config {

// How a service connects that owns `schema`, "change_capture": within it, and under its name as it is
// deployed, "cognate-change-capture".
postgres::Options PostgresOptions(const Postgres& postgres, absl::string_view schema);

}  // namespace cognate::config
