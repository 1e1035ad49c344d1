#include "tests/support/explain.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"

namespace cognate::test_support {
namespace {

using postgres::Connection;
using postgres::Params;
using postgres::Rows;
using postgres::Statement;

std::string PlanText(const Rows& rows) {
  std::string plan;
  for (int row = 0; row < rows.size(); ++row) absl::StrAppend(&plan, rows.GetText(row, 0), "\n");
  return plan;
}

// "(bigint[], text)"; a parameter without a type is left to the server.
absl::StatusOr<std::string> TypeList(Connection& connection, const Params& params) {
  std::vector<std::string> names;
  for (const unsigned type : params.types()) {
    ASSIGN_OR_RETURN(const Rows rows, connection.QueryOnce("SELECT CASE WHEN $1 = 0 THEN 'unknown' ELSE "
                                                           "format_type($1::oid, NULL) END",
                                                           Params().AddInt64(type)));
    names.emplace_back(rows.GetText(0, 0));
  }
  return names.empty() ? std::string() : absl::StrCat("(", absl::StrJoin(names, ", "), ")");
}

absl::StatusOr<std::string> ExplainGeneric(Connection& connection, const Statement& statement,
                                           const Params& params) {
  ASSIGN_OR_RETURN(const std::string types, TypeList(connection, params));
  RETURN_IF_ERROR(connection.Execute(absl::StrCat(
      "SET plan_cache_mode = force_generic_plan; PREPARE explained ", types, " AS ", statement.sql)));
  const std::vector<std::string> nulls(static_cast<size_t>(params.size()), "NULL");
  absl::StatusOr<Rows> rows = connection.QueryOnce(
      absl::StrCat("EXPLAIN (COSTS OFF) EXECUTE explained",
                   nulls.empty() ? "" : absl::StrCat("(", absl::StrJoin(nulls, ", "), ")")),
      Params());
  RETURN_IF_ERROR(connection.Execute("DEALLOCATE explained; RESET plan_cache_mode"));
  RETURN_IF_ERROR(rows.status());
  return PlanText(*rows);
}

}  // namespace

absl::StatusOr<std::string> Explain(Connection& connection, const Statement& statement, const Params& params,
                                    PlanKind kind) {
  if (kind == PlanKind::kGeneric) return ExplainGeneric(connection, statement, params);
  ASSIGN_OR_RETURN(const Rows rows,
                   connection.QueryOnce(absl::StrCat("EXPLAIN (COSTS OFF) ", statement.sql), params));
  return PlanText(rows);
}

}  // namespace cognate::test_support
