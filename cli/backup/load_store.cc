#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/backup/backup_tables.h"
#include "cli/backup/load.h"
#include "cli/backup/merge.h"
#include "cli/backup/schemas.h"
#include "common/backup/backup_errors.h"
#include "common/backup/backup_reader.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::backup {
namespace {

using postgres::Rows;
using postgres::Transaction;

constexpr size_t kRowsAtOnce = 1'000;
constexpr size_t kBytesAtOnce = size_t{4} << 20;

// Everything that a service of ours connects as, whoever started it. Delivery goes by the same name to
// targets, too: there it has no schema.
constexpr char kRunning[] = R"sql(
    SELECT application_name, count(*)::text
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND (application_name IN ('cognate-platform-registry', 'cognate-change-capture', 'cognate-feedback',
                                'cognate-file-transfer')
           OR application_name = 'cognate-delivery' AND to_regnamespace('delivery') IS NOT NULL)
    GROUP BY application_name
    ORDER BY application_name)sql";

// What the statements of the tables ask of the restore itself (backup_tables.h). Nobody gives ten million
// numbers a second: so by the clock, and where that is behind, by the age of the file. Below 2^53, as far as
// JavaScript counts; the clock gets there in 2054.
constexpr char kCreateRestore[] = R"sql(
    CREATE TEMP TABLE staged_restore (created_at timestamptz, started_at timestamptz) ON COMMIT DROP;
    CREATE OR REPLACE FUNCTION pg_temp.beyond(n bigint) RETURNS bigint LANGUAGE sql AS $$
        SELECT greatest(n + 1, least(9000000000000000, greatest(
            (10000000 * extract(epoch FROM r.started_at - timestamptz '2026-01-01 00:00Z'))::bigint,
            n + (10000000 * (1 + greatest(0, extract(epoch FROM r.started_at - greatest(
                r.created_at, timestamptz '2026-01-01 00:00Z')))))::bigint)))
        FROM pg_temp.staged_restore r
    $$)sql";

constexpr char kBeginRestore[] = R"sql(
    INSERT INTO staged_restore
    VALUES (to_timestamp($1::bigint), clock_timestamp())
    RETURNING extract(epoch FROM started_at)::text)sql";

// Gives when it begins.
absl::StatusOr<absl::Time> BeginRestore(postgres::Connection& connection, const Header& header) {
  absl::Time created;
  std::string problem;
  if (!absl::ParseTime(absl::RFC3339_full, header.created_at, &created, &problem))
    return Damaged("its header does not say when it was made");
  RETURN_IF_ERROR(connection.Execute(kCreateRestore));
  ASSIGN_OR_RETURN(const Rows rows,
                   connection.QueryText(kBeginRestore, {{absl::StrCat(absl::ToUnixSeconds(created))}}));
  double started = 0;
  if (!absl::SimpleAtod(rows.GetText(0, 0), &started)) return absl::InternalError("no time");
  return absl::UnixEpoch() + absl::Seconds(started);
}

// One part of the file on its way into its table's twin.
class Staging {
 public:
  explicit Staging(postgres::Connection& connection) : connection_(connection) {}

  // With every column of the table, and none of its conditions.
  absl::Status Create(const Table& table) {
    ASSIGN_OR_RETURN(const Rows columns, connection_.QueryText(R"sql(
        SELECT quote_ident(attname)
        FROM pg_attribute
        WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull)sql",
                                                               {{table.Full()}}));
    std::string sql = absl::StrCat("CREATE TEMP TABLE ", table.Staged(), " (LIKE ", table.Full(),
                                   " INCLUDING DEFAULTS) ON COMMIT DROP");
    RETURN_IF_ERROR(connection_.Execute(sql));
    for (int row = 0; row < columns.size(); ++row) {
      RETURN_IF_ERROR(connection_.Execute(absl::StrCat("ALTER TABLE ", table.Staged(), " ALTER COLUMN ",
                                                       columns.GetText(row, 0), " DROP NOT NULL")));
    }
    return absl::OkStatus();
  }

  absl::Status Begin(const Table& table, const std::vector<std::string>& columns) {
    std::vector<std::string> quoted;
    for (const std::string& column : columns) quoted.push_back(connection_.QuoteIdentifier(column));
    const std::string list = absl::StrJoin(quoted, ", ");
    insert_ = absl::StrCat("INSERT INTO ", table.Staged(), " (", list, ") SELECT ", list,
                           " FROM json_populate_recordset(NULL::", table.Full(), ", $1::json)");
    rows_.clear();
    count_ = 0;
    return absl::OkStatus();
  }

  absl::Status Add(absl::string_view row) {
    absl::StrAppend(&rows_, rows_.empty() ? "[" : ",", row);
    ++count_;
    return count_ >= kRowsAtOnce || rows_.size() >= kBytesAtOnce ? Flush() : absl::OkStatus();
  }

  absl::Status Flush() {
    if (count_ == 0) return absl::OkStatus();
    rows_.push_back(']');
    const absl::StatusOr<Rows> written = connection_.QueryText(insert_, {{std::move(rows_)}});
    rows_.clear();
    const size_t count = std::exchange(count_, 0);
    if (absl::IsUnavailable(written.status())) return written.status();
    if (!written.ok())
      return Damaged(absl::StrCat("its rows do not fit their table: ", written.status().message()));
    if (written->affected() != static_cast<int64_t>(count)) return Damaged("a line of it is not one row");
    return absl::OkStatus();
  }

 private:
  postgres::Connection& connection_;
  std::string insert_;
  std::string rows_;
  size_t count_ = 0;
};

// The file's columns that the table still has. One that an older program had and this one has not is passed
// over.
absl::StatusOr<std::vector<std::string>> KnownColumns(postgres::Connection& connection, const Table& table,
                                                      const std::vector<std::string>& in_file) {
  ASSIGN_OR_RETURN(const std::vector<std::string> known, ColumnsToSave(connection, table));
  std::vector<std::string> columns;
  for (const std::string& column : in_file) {
    if (std::find(known.begin(), known.end(), column) != known.end()) columns.push_back(column);
  }
  if (columns.empty()) return Damaged(absl::StrCat(table.Full(), " has no column that is known"));
  return columns;
}

struct StagedPart {
  std::vector<std::string> columns;
  int64_t rows = 0;
};

absl::StatusOr<std::map<std::string, StagedPart>> Stage(postgres::Connection& connection,
                                                        const std::string& path, const Proved& proved,
                                                        const Progress& progress) {
  std::map<std::string, Table> tables;
  Staging staging(connection);
  for (const Table& table : AllTables()) {
    tables.emplace(table.Full(), table);
    RETURN_IF_ERROR(staging.Create(table));
  }
  ASSIGN_OR_RETURN(BackupReader::Source source, OpenBackup(path));
  BackupReader reader(std::move(source));
  RETURN_IF_ERROR(reader.ReadHeader().status());
  std::map<std::string, StagedPart> staged;
  const std::map<std::string, int64_t> sizes(proved.parts.begin(), proved.parts.end());
  while (true) {
    ASSIGN_OR_RETURN(const BackupReader::Kind kind, reader.Next());
    if (kind == BackupReader::Kind::kDone) break;
    const std::string& name = reader.part().name;
    if (kind == BackupReader::Kind::kPart) {
      const auto table = tables.find(name);
      if (table == tables.end()) return TooNew(absl::StrCat("it has a part ", name));
      ASSIGN_OR_RETURN(staged[name].columns, KnownColumns(connection, table->second, reader.part().columns));
      RETURN_IF_ERROR(staging.Begin(table->second, staged[name].columns));
      continue;
    }
    if (kind == BackupReader::Kind::kRow) {
      RETURN_IF_ERROR(staging.Add(reader.row()));
    } else {
      RETURN_IF_ERROR(staging.Flush());
      RETURN_IF_ERROR(connection.Execute(absl::StrCat("ANALYZE ", tables.at(name).Staged())));
      staged[name].rows = reader.part_rows();
    }
    if (kind == BackupReader::Kind::kEnd || reader.part_rows() % 1000 == 0)
      progress(name, reader.part_rows(), sizes.contains(name) ? sizes.at(name) : 0);
  }
  if (reader.totals().sha256 != proved.totals.sha256) return Damaged("it was changed while it was read");
  return staged;
}

}  // namespace

absl::Status CheckNobodyRuns(postgres::Connection& connection) {
  ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(kRunning));
  if (rows.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "SERVICES_RUNNING",
               absl::StrCat(rows.GetText(0, 0), " is connected to this database (", rows.GetText(0, 1),
                            " connections): stop every service, restore, and start them again"));
}

absl::StatusOr<Proved> Prove(const std::string& path, const Progress& progress) {
  ASSIGN_OR_RETURN(BackupReader::Source source, OpenBackup(path));
  BackupReader reader(std::move(source));
  Proved proved;
  ASSIGN_OR_RETURN(proved.header, reader.ReadHeader());
  const std::map<std::string, int64_t> known = KnownSchemas();
  for (const auto& [schema, number] : proved.header.schemas) {
    const auto found = known.find(schema);
    if (found == known.end() || number > found->second)
      return TooNew(absl::StrCat("its schema ", schema, " is at migration ", number));
  }
  while (true) {
    ASSIGN_OR_RETURN(const BackupReader::Kind kind, reader.Next());
    if (kind == BackupReader::Kind::kDone) break;
    if (kind == BackupReader::Kind::kEnd) {
      proved.parts.emplace_back(reader.part().name, reader.part_rows());
      progress(reader.part().name, reader.part_rows(), reader.part_rows());
    }
  }
  proved.totals = reader.totals();
  return proved;
}

absl::StatusOr<Outcome> Load(postgres::Connection& connection, const std::string& path, const Proved& proved,
                             const LoadOptions& options, const Progress& progress) {
  Outcome outcome;
  const absl::Status loaded = connection.InTransaction("restore", [&](Transaction&) -> absl::Status {
    ASSIGN_OR_RETURN(const auto schemas, SchemaNumbers(connection));
    RETURN_IF_ERROR(CheckCurrent(schemas));
    RETURN_IF_ERROR(LockTables(connection));
    RETURN_IF_ERROR(CheckNobodyRuns(connection));
    ASSIGN_OR_RETURN(outcome.started_at, BeginRestore(connection, proved.header));
    ASSIGN_OR_RETURN(const auto staged, Stage(connection, path, proved, progress));
    for (const Table& table : AllTables()) RETURN_IF_ERROR(CheckLineage(connection, table));
    for (const Table& table : AllTables()) {
      const auto part = staged.find(table.Full());
      RETURN_IF_ERROR(PrepareTable(connection, table));
      if (part == staged.end()) continue;
      progress(table.Full(), part->second.rows, part->second.rows);
      ASSIGN_OR_RETURN(PartOutcome merged, MergeTable(connection, table, part->second.columns, &outcome));
      merged.in_file = part->second.rows;
      outcome.restored += merged.restored;
      outcome.conflicts += merged.conflicts;
      outcome.parts.push_back(std::move(merged));
    }
    RETURN_IF_ERROR(AddNotes(connection, &outcome));
    if (options.dry_run) return absl::CancelledError("a dry run");
    for (const Table& table : AllTables()) RETURN_IF_ERROR(FinishTable(connection, table));
    return options.before_commit();
  });
  if (options.dry_run && absl::IsCancelled(loaded)) return outcome;
  RETURN_IF_ERROR(loaded);
  return outcome;
}

}  // namespace cognate::backup
