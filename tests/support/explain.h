// The plan that PostgreSQL makes for a statement: hot statements are tested not to fall into a scan.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/postgres/connection.h"

namespace cognate::test_support {

enum class PlanKind {
  kCustom,   // for these parameter values
  kGeneric,  // as a cached plan, blind to the values
};

// The text of EXPLAIN (COSTS OFF), one line a node. Nothing is executed.
absl::StatusOr<std::string> Explain(postgres::Connection& connection, const postgres::Statement& statement,
                                    const postgres::Params& params, PlanKind kind = PlanKind::kGeneric);

}  // namespace cognate::test_support
