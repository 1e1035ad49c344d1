#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/backup/backup_tables.h"
#include "cli/backup/save.h"
#include "cli/backup/schemas.h"
#include "common/backup/backup_writer.h"
#include "common/status/status_macros.h"

namespace cognate::backup {
namespace {

using postgres::Rows;
using postgres::Transaction;

constexpr int64_t kFirstRows = 100;
constexpr int64_t kMostRows = 1'000;
constexpr int64_t kBytesAtOnce = int64_t{4} << 20;

// Never what another process sets: one that reads.
constexpr char kBegin[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

constexpr char kSealingKeys[] = R"sql(
    SELECT DISTINCT key #>> '{}'
    FROM platform_registry.platforms p
    CROSS JOIN LATERAL (VALUES (p.password_sealed), (p.webhook), (p.delivery), (p.files)) AS has (content)
    CROSS JOIN LATERAL jsonb_path_query(has.content, '$.**.sealing_key') AS key
    ORDER BY 1)sql";

constexpr char kFigures[] = R"sql(
    SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           (SELECT version FROM change_capture.version_counter)::text)sql";

std::string ColumnsOf(const std::vector<std::string>& columns) {
  return absl::StrJoin(columns, ", ", [](std::string* out, const std::string& column) {
    absl::StrAppend(out, "t.\"", column, "\"");
  });
}

// What the planner believes, for people.
absl::StatusOr<int64_t> Estimate(postgres::Connection& connection, const Table& table) {
  ASSIGN_OR_RETURN(const Rows rows,
                   connection.QueryText("SELECT greatest(reltuples, 0)::bigint::text FROM pg_class "
                                        "WHERE oid = $1::regclass",
                                        {{table.Full()}}));
  int64_t estimate = 0;
  if (!rows.empty() && !absl::SimpleAtoi(rows.GetText(0, 0), &estimate)) estimate = 0;
  return estimate;
}

absl::Status SaveTable(postgres::Connection& connection, const Table& table, BackupWriter& writer,
                       const Progress& progress) {
  ASSIGN_OR_RETURN(const std::vector<std::string> columns, ColumnsToSave(connection, table));
  ASSIGN_OR_RETURN(const int64_t estimate, Estimate(connection, table));
  RETURN_IF_ERROR(writer.BeginPart({table.Full(), columns}));
  RETURN_IF_ERROR(connection.Execute(
      absl::StrCat("DECLARE saved NO SCROLL CURSOR FOR SELECT row_to_json(r)::text FROM (SELECT ",
                   ColumnsOf(columns), " FROM ", table.Full(), " t ORDER BY ", table.order, ") r")));
  int64_t count = kFirstRows;
  int64_t done = 0;
  while (true) {
    ASSIGN_OR_RETURN(const Rows rows,
                     connection.QueryText(absl::StrCat("FETCH FORWARD ", count, " FROM saved")));
    if (rows.empty()) break;
    int64_t bytes = 1;
    for (int row = 0; row < rows.size(); ++row) {
      const absl::string_view line = rows.GetText(row, 0);
      bytes += static_cast<int64_t>(line.size());
      RETURN_IF_ERROR(writer.AddRow(line));
    }
    done += rows.size();
    progress(table.Full(), done, std::max(done, estimate));
    // As many of this size as fit.
    count = std::clamp<int64_t>(kBytesAtOnce * rows.size() / bytes, 1, kMostRows);
  }
  RETURN_IF_ERROR(connection.Execute("CLOSE saved"));
  return writer.EndPart();
}

absl::StatusOr<Header> MakeHeader(postgres::Connection& connection, const std::string& program_version) {
  Header header;
  header.version = program_version;
  ASSIGN_OR_RETURN(header.schemas, SchemaNumbers(connection));
  RETURN_IF_ERROR(CheckNotLater(header.schemas));
  ASSIGN_OR_RETURN(const Rows figures, connection.QueryText(kFigures));
  header.created_at = std::string(figures.GetText(0, 0));
  header.figures["highest_version"] = std::string(figures.GetText(0, 1));
  ASSIGN_OR_RETURN(const Rows keys, connection.QueryText(kSealingKeys));
  for (int row = 0; row < keys.size(); ++row) header.sealing_keys.emplace_back(keys.GetText(row, 0));
  return header;
}

}  // namespace

absl::StatusOr<Saved> Save(postgres::Connection& connection, const std::string& path,
                           const std::string& program_version, const Progress& progress) {
  Saved saved;
  RETURN_IF_ERROR(connection.InTransaction(
      "backup",
      [&](Transaction&) -> absl::Status {
        // The first statement takes the snapshot.
        ASSIGN_OR_RETURN(saved.header, MakeHeader(connection, program_version));
        ASSIGN_OR_RETURN(const std::unique_ptr<BackupWriter> writer, BackupWriter::Create(path));
        RETURN_IF_ERROR(writer->Begin(saved.header));
        for (const Table& table : AllTables()) {
          RETURN_IF_ERROR(SaveTable(connection, table, *writer, progress));
        }
        ASSIGN_OR_RETURN(saved.totals, writer->Finish());
        saved.bytes = writer->written_bytes();
        return absl::OkStatus();
      },
      kBegin));
  return saved;
}

}  // namespace cognate::backup
