#include "common/postgres/migrator.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/postgres/connection.h"
#include "common/postgres/sqlstate.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::postgres {
namespace {

constexpr char kCreateTable[] = R"sql(
    CREATE TABLE IF NOT EXISTS schema_migrations (
        number     integer PRIMARY KEY,
        name       text NOT NULL,
        checksum   text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
)sql";

constexpr char kSelectApplied[] = R"sql(
    SELECT number, checksum
    FROM schema_migrations
    ORDER BY number
)sql";

constexpr char kChecksum[] = R"sql(
    SELECT encode(sha256($1::bytea), 'hex')
)sql";

constexpr char kInsertApplied[] = R"sql(
    INSERT INTO schema_migrations (number, name, checksum)
    VALUES ($1, $2, $3)
)sql";

// Held until the session ends.
constexpr char kLock[] = R"sql(
    SELECT pg_advisory_lock(hashtext('cognate.migrations.' || $1::text))
)sql";

using Applied = std::map<int, std::string>;  // checksums by number

Error Mismatch(absl::string_view schema, int have, int want) {
  return Error(absl::StatusCode::kFailedPrecondition, "SCHEMA_VERSION_MISMATCH",
               absl::StrCat("schema ", schema, " is at version ", have, ", this program needs ", want))
      .With("schema", schema)
      .With("have", absl::StrCat(have))
      .With("want", absl::StrCat(want));
}

absl::StatusOr<std::unique_ptr<Connection>> Open(absl::string_view uri, absl::string_view schema) {
  ConnectionOptions options;
  options.uri = std::string(uri);
  options.search_path = std::string(schema);
  options.application_name = "cognate-migrate";
  options.statement_timeout = absl::ZeroDuration();  // a migration takes the time it takes
  return Connection::Open(options);
}

absl::StatusOr<Applied> ReadApplied(Connection& connection) {
  ASSIGN_OR_RETURN(const Rows rows, connection.QueryOnce(kSelectApplied, Params()));
  Applied applied;
  for (int row = 0; row < rows.size(); ++row) {
    applied.emplace(rows.GetInt32(row, 0), std::string(rows.GetText(row, 1)));
  }
  return applied;
}

absl::StatusOr<std::string> Checksum(Connection& connection, const Migration& migration) {
  ASSIGN_OR_RETURN(const Rows rows, connection.QueryOnce(kChecksum, Params().AddBytes(migration.sql)));
  return std::string(rows.GetText(0, 0));
}

// What is wrong with a migration is for the operator who runs it: the server's own words belong into the
// message.
absl::Status FailedMigration(const Migration& migration, const absl::Status& cause) {
  return Error(cause.code(), "MIGRATION_FAILED",
               absl::StrCat("migration ", migration.number, " ", migration.name, ": ", cause.message(), ": ",
                            ServerMessage(cause)))
      .With("migration", absl::StrCat(migration.number))
      .With("sqlstate", SqlState(cause));
}

absl::Status Apply(Connection& connection, const Migration& migration, const std::string& checksum) {
  const absl::Status status =
      connection.InTransaction("migrate", [&](Transaction& transaction) -> absl::Status {
        RETURN_IF_ERROR(transaction.Execute(migration.sql));
        Params params;
        params.AddInt32(migration.number).AddText(migration.name).AddText(checksum);
        return connection.QueryOnce(kInsertApplied, params).status();
      });
  return status.ok() ? status : FailedMigration(migration, status);
}

absl::Status RefuseChanged(const Migration& migration) {
  return Error(absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED",
               absl::StrCat(
                   "migration ", migration.number, " ", migration.name,
                   " was applied with another text; write a new migration instead of editing an old one"))
      .With("migration", absl::StrCat(migration.number));
}

}  // namespace

absl::Status Migrate(absl::string_view uri, absl::string_view schema,
                     absl::Span<const Migration> migrations) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, Open(uri, schema));
  RETURN_IF_ERROR(connection->QueryOnce(kLock, Params().AddText(schema)).status());
  RETURN_IF_ERROR(connection->Execute(
      absl::StrCat("CREATE SCHEMA IF NOT EXISTS ", connection->QuoteIdentifier(schema), ";", kCreateTable)));
  ASSIGN_OR_RETURN(Applied applied, ReadApplied(*connection));
  const int latest = migrations.empty() ? 0 : migrations.back().number;
  if (!applied.empty() && applied.rbegin()->first > latest)
    return Mismatch(schema, applied.rbegin()->first, latest);

  std::map<int, std::string> checksums;
  for (const Migration& migration : migrations) {
    ASSIGN_OR_RETURN(checksums[migration.number], Checksum(*connection, migration));
    const auto before = applied.find(migration.number);
    if (before != applied.end() && before->second != checksums[migration.number])
      return RefuseChanged(migration);
  }
  for (const Migration& migration : migrations) {
    if (applied.count(migration.number) > 0) continue;
    RETURN_IF_ERROR(Apply(*connection, migration, checksums[migration.number]));
  }
  return absl::OkStatus();
}

absl::Status CheckVersion(absl::string_view uri, absl::string_view schema,
                          absl::Span<const Migration> migrations) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, Open(uri, schema));
  const int want = migrations.empty() ? 0 : migrations.back().number;
  const absl::StatusOr<Applied> applied = ReadApplied(*connection);
  if (SqlState(applied.status()) == "42P01") return Mismatch(schema, 0, want);
  RETURN_IF_ERROR(applied.status());
  const int have = applied->empty() ? 0 : applied->rbegin()->first;
  if (have != want || applied->size() != migrations.size()) return Mismatch(schema, have, want);
  return absl::OkStatus();
}

}  // namespace cognate::postgres
