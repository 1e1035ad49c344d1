#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/backup/schemas.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/change_capture/migrations.h"
#include "services/feedback/migrations.h"
#include "services/file_transfer/migrations.h"
#include "services/platform_registry/migrations.h"

namespace cognate::backup {
namespace {

using postgres::Rows;

absl::Status Mismatch(const std::string& schema, int64_t have, int64_t want, absl::string_view how_to_mend) {
  return Error(absl::StatusCode::kFailedPrecondition, "SCHEMA_VERSION_MISMATCH",
               absl::StrCat("the schema ", schema, " is at migration ", have, " and this program knows ",
                            want, ": ", how_to_mend))
      .With("have", absl::StrCat(have))
      .With("want", absl::StrCat(want));
}

absl::StatusOr<std::vector<std::string>> Names(postgres::Connection& connection, absl::string_view sql,
                                               const Table& table) {
  ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(sql, {{table.Full()}}));
  std::vector<std::string> names;
  for (int row = 0; row < rows.size(); ++row) names.emplace_back(rows.GetText(row, 0));
  return names;
}

}  // namespace

std::map<std::string, int64_t> KnownSchemas() {
  return {{"change_capture", change_capture::Migrations().back().number},
          {"feedback", feedback::Migrations().back().number},
          {"file_transfer", file_transfer::Migrations().back().number},
          {"platform_registry", platform_registry::Migrations().back().number}};
}

absl::StatusOr<std::map<std::string, int64_t>> SchemaNumbers(postgres::Connection& connection) {
  std::map<std::string, int64_t> numbers;
  for (const auto& [schema, known] : KnownSchemas()) {
    ASSIGN_OR_RETURN(const Rows there, connection.QueryText("SELECT to_regclass($1)::text",
                                                            {{absl::StrCat(schema, ".schema_migrations")}}));
    if (there.IsNull(0, 0)) {
      return Error(
          absl::StatusCode::kFailedPrecondition, "NOT_MIGRATED",
          absl::StrCat("this database has no schema ", schema,
                       ": give the database of the services, or run `migrate` of each service first"));
    }
    ASSIGN_OR_RETURN(const Rows rows,
                     connection.QueryText(absl::StrCat("SELECT coalesce(max(number), 0)::text FROM ", schema,
                                                       ".schema_migrations")));
    if (!absl::SimpleAtoi(rows.GetText(0, 0), &numbers[schema])) return absl::InternalError("no number");
  }
  return numbers;
}

absl::Status CheckNotLater(const std::map<std::string, int64_t>& schemas) {
  const std::map<std::string, int64_t> known = KnownSchemas();
  for (const auto& [schema, have] : schemas) {
    const auto found = known.find(schema);
    const int64_t want = found == known.end() ? 0 : found->second;
    if (have > want)
      return Mismatch(schema, have, want, "use the `cognate` of the version that the services have");
  }
  return absl::OkStatus();
}

absl::Status CheckCurrent(const std::map<std::string, int64_t>& schemas) {
  RETURN_IF_ERROR(CheckNotLater(schemas));
  for (const auto& [schema, want] : KnownSchemas()) {
    const auto found = schemas.find(schema);
    const int64_t have = found == schemas.end() ? 0 : found->second;
    if (have < want) return Mismatch(schema, have, want, "run `migrate` of each service first");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ColumnsToSave(postgres::Connection& connection, const Table& table) {
  ASSIGN_OR_RETURN(std::vector<std::string> columns, Names(connection, R"sql(
    SELECT attname::text
    FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    ORDER BY attnum)sql",
                                                           table));
  std::erase_if(columns, [&](const std::string& column) {
    return std::find(table.left_out.begin(), table.left_out.end(), column) != table.left_out.end();
  });
  return columns;
}

absl::StatusOr<std::string> IdentityColumn(postgres::Connection& connection, const Table& table) {
  ASSIGN_OR_RETURN(const std::vector<std::string> columns, Names(connection, R"sql(
    SELECT attname::text
    FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity <> '')sql",
                                                                 table));
  return columns.empty() ? std::string() : columns.front();
}

}  // namespace cognate::backup
