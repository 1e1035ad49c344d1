#include "common/postgres/migrator.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/log/log.h"
#include "common/postgres/connection.h"
#include "common/postgres/sqlstate.h"
#include "common/retry/backoff.h"
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

// What programs of before it knew do without; they made the table without it.
constexpr char kHasNeeds[] = R"sql(
    SELECT count(*)
    FROM pg_attribute
    WHERE attrelid = 'schema_migrations'::regclass AND attname = 'needs' AND NOT attisdropped
)sql";

constexpr char kAddNeeds[] = R"sql(
    ALTER TABLE schema_migrations ADD COLUMN needs integer NOT NULL DEFAULT 0
)sql";

constexpr char kSelectApplied[] = R"sql(
    SELECT m.number, m.checksum, coalesce((to_jsonb(m) ->> 'needs')::integer, 0)
    FROM schema_migrations m
    ORDER BY m.number
)sql";

constexpr char kChecksum[] = R"sql(
    SELECT encode(sha256($1::bytea), 'hex')
)sql";

constexpr char kInsertApplied[] = R"sql(
    INSERT INTO schema_migrations (number, name, checksum, needs)
    VALUES ($1, $2, $3, $4)
)sql";

// Held until the session ends.
constexpr char kLock[] = R"sql(
    SELECT pg_advisory_lock(hashtext('cognate.migrations.' || $1::text))
)sql";

// Whoever uses a table queues behind a migration that waits for it. It steps back instead, and comes again.
constexpr char kLockTimeout[] = "SET LOCAL lock_timeout = '1s'";
constexpr BackoffPolicy kLockBackoff = {absl::Milliseconds(200), 2.0, absl::Seconds(5)};
constexpr absl::Duration kPatience = absl::Minutes(10);

struct AppliedMigration {
  std::string checksum;
  int needs = 0;
};
using Applied = std::map<int, AppliedMigration>;  // by number

constexpr absl::string_view kNeeds = "-- needs: ";

// 0 where it suits all programs. One that is no number is found when it is written: nothing could be applied.
absl::StatusOr<int> NeedsOf(const Migration& migration) {
  for (absl::string_view line : absl::StrSplit(migration.sql, '\n')) {
    if (!absl::ConsumePrefix(&line, kNeeds)) continue;
    int needs = 0;
    if (absl::SimpleAtoi(line, &needs) && needs > 0 && needs < migration.number) return needs;
    return Error(absl::StatusCode::kFailedPrecondition, "MIGRATION_FAILED",
                 absl::StrCat("migration ", migration.number, " ", migration.name, ": got \"", kNeeds, line,
                              "\", want the number of an earlier migration"));
  }
  return 0;
}

int Latest(absl::Span<const Migration> migrations) {
  return migrations.empty() ? 0 : migrations.back().number;
}

Error Mismatch(absl::string_view schema, int have, int want) {
  return Error(absl::StatusCode::kFailedPrecondition, "SCHEMA_VERSION_MISMATCH",
               have < want ? absl::StrCat("schema ", schema, " is at version ", have, ", this program needs ",
                                          want, "; run `migrate`")
                           : absl::StrCat("schema ", schema, " is at version ", have,
                                          ", which this program of version ", want,
                                          " is too old for; run a newer one"))
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
    applied.emplace(rows.GetInt32(row, 0),
                    AppliedMigration{std::string(rows.GetText(row, 1)), rows.GetInt32(row, 2)});
  }
  return applied;
}

// Of what programs that know nothing beyond `latest` do not know.
absl::Status CheckBeyond(absl::string_view schema, const Applied& applied, int latest) {
  for (auto beyond = applied.upper_bound(latest); beyond != applied.end(); ++beyond)
    if (beyond->second.needs > latest) return Mismatch(schema, applied.rbegin()->first, latest);
  return absl::OkStatus();
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

absl::Status ApplyNow(Connection& connection, const Migration& migration, const std::string& checksum) {
  return connection.InTransaction("migrate", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const int needs, NeedsOf(migration));
    RETURN_IF_ERROR(transaction.Execute(kLockTimeout));
    RETURN_IF_ERROR(transaction.Execute(migration.sql));
    Params params;
    params.AddInt32(migration.number).AddText(migration.name).AddText(checksum).AddInt32(needs);
    return connection.QueryOnce(kInsertApplied, params).status();
  });
}

absl::Status Apply(Connection& connection, const Migration& migration, const std::string& checksum) {
  const absl::Time deadline = absl::Now() + kPatience;
  Backoff backoff(kLockBackoff);
  for (;;) {
    const absl::Status status = ApplyNow(connection, migration, checksum);
    if (status.ok()) return status;
    const std::string state = SqlState(status);
    const bool is_locked = state == "55P03" || state == "40P01";  // lock_not_available, deadlock_detected
    if (!is_locked || absl::Now() >= deadline) return FailedMigration(migration, status);
    log::Warn("a migration waits for a transaction that uses its tables; it is tried again",
              {{"migration", absl::StrCat(migration.number, " ", migration.name)}});
    absl::SleepFor(backoff.Next());
  }
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
  ASSIGN_OR_RETURN(const Rows has_needs, connection->QueryOnce(kHasNeeds, Params()));
  if (has_needs.GetInt64(0, 0) == 0) RETURN_IF_ERROR(connection->Execute(kAddNeeds));
  ASSIGN_OR_RETURN(const Applied applied, ReadApplied(*connection));
  RETURN_IF_ERROR(CheckBeyond(schema, applied, Latest(migrations)));

  std::map<int, std::string> checksums;
  for (const Migration& migration : migrations) {
    ASSIGN_OR_RETURN(checksums[migration.number], Checksum(*connection, migration));
    const auto before = applied.find(migration.number);
    if (before != applied.end() && before->second.checksum != checksums[migration.number])
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
  const int want = Latest(migrations);
  const absl::StatusOr<Applied> applied = ReadApplied(*connection);
  if (SqlState(applied.status()) == "42P01") return Mismatch(schema, 0, want);
  RETURN_IF_ERROR(applied.status());
  const int have = applied->empty() ? 0 : applied->rbegin()->first;
  for (const Migration& migration : migrations)
    if (applied->count(migration.number) == 0)
      return Mismatch(schema, std::min(have, migration.number - 1), want);
  return CheckBeyond(schema, *applied, want);
}

}  // namespace cognate::postgres
