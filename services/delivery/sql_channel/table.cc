#include "services/delivery/sql_channel/table.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/value/canonical_text.h"
#include "common/value/parse.h"

namespace cognate::delivery {
namespace {

// A model's name is not quoted, so that a dot inside of a name leaves more than one reading: the first that
// exists is meant.
constexpr char kSelectTable[] = R"sql(
    SELECT c.oid::int8, n.nspname::text, c.relname::text,
           ARRAY(SELECT DISTINCT k.confrelid::int8 FROM pg_catalog.pg_constraint k
                 WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS referenced
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname || '.' || c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'f')
    ORDER BY length(n.nspname::text)
    LIMIT 1
)sql";

// format_type(…, -1) is the type without its length, which as an explicit cast would cut values silently.
constexpr char kSelectColumns[] = R"sql(
    WITH RECURSIVE base AS (
      SELECT a.attnum, a.atttypid AS type, a.atttypmod AS modifier
      FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL
      SELECT b.attnum, t.typbasetype, t.typtypmod
      FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type
      WHERE t.typtype = 'd'
    )
    SELECT a.attname::text AS name, b.type::int8 AS base_oid,
           pg_catalog.format_type(b.type, -1) AS base_type,
           pg_catalog.format_type(a.atttypid, a.atttypmod) AS full_type,
           a.attidentity = 'a' AS identity_always,
           CASE WHEN b.type IN (1042, 1043) AND b.modifier > 4 THEN b.modifier - 4 ELSE 0 END::int8 AS max_characters
    FROM pg_catalog.pg_attribute a
    JOIN base b ON b.attnum = a.attnum
    JOIN pg_catalog.pg_type t ON t.oid = b.type AND t.typtype <> 'd'
    WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped
)sql";

constexpr char kSelectConstraintColumns[] = R"sql(
    SELECT a.attname::text
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
    WHERE i.indrelid = $1::int8::oid AND c.relname = $2
    UNION
    SELECT a.attname::text
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
    WHERE k.conrelid = $1::int8::oid AND k.conname = $2
    ORDER BY 1
)sql";

void SetKind(int64_t base_oid, SqlColumn* column) {
  switch (base_oid) {
    case 16:
      column->wire = Wire::kBool;
      break;
    case 17:
      column->wire = Wire::kBytes;
      break;
    case 20:
    case 21:
    case 23:
      column->wire = Wire::kInt64;
      column->is_integer = true;
      break;
    case 25:
    case 1043:
      column->wire = Wire::kText;
      break;
    case 1114:
    case 1184:
      column->wire = Wire::kTimestamp;
      column->canonical_time = true;
      break;
    case 1042:
      column->is_padded = true;
      break;
    case 1700:
      column->canonical_number = true;
      break;
    default:
      break;
  }
}

}  // namespace

absl::StatusOr<const SqlColumn*> SqlTable::Find(absl::string_view column) const {
  const auto found = columns.find(column);
  if (found != columns.end()) return &found->second;
  return Error(absl::StatusCode::kFailedPrecondition, "UNDEFINED_COLUMN",
               absl::StrCat(model, " on the target has no column \"", column,
                            "\": read the platform's catalogue again (AnalyzeModels), then correct the sync"))
      .With("column", column);
}

absl::StatusOr<SqlTable> ReadTable(postgres::Connection& connection, absl::string_view model) {
  ASSIGN_OR_RETURN(const postgres::Rows found,
                   connection.QueryOnce(kSelectTable, postgres::Params().AddText(model)));
  if (found.empty()) {
    return Error(
        absl::StatusCode::kFailedPrecondition, "UNDEFINED_TABLE",
        absl::StrCat("the target has no table ", model,
                     ": read the platform's catalogue again (AnalyzeModels), then correct the sync"));
  }
  SqlTable table;
  table.model = std::string(model);
  table.oid = found.GetInt64(0, 0);
  table.quoted = absl::StrCat(connection.QuoteIdentifier(found.GetText(0, 1)), ".",
                              connection.QuoteIdentifier(found.GetText(0, 2)));
  for (const std::optional<int64_t>& oid : found.GetInt64Array(0, 3)) table.references.push_back(*oid);

  ASSIGN_OR_RETURN(const postgres::Rows rows,
                   connection.QueryOnce(kSelectColumns, postgres::Params().AddInt64(table.oid)));
  for (int row = 0; row < rows.size(); ++row) {
    SqlColumn column;
    column.name = std::string(rows.GetText(row, 0));
    column.quoted = connection.QuoteIdentifier(column.name);
    column.base_type = std::string(rows.GetText(row, 2));
    column.full_type = std::string(rows.GetText(row, 3));
    column.identity_always = rows.GetBool(row, 4);
    column.max_characters = rows.GetInt64(row, 5);
    SetKind(rows.GetInt64(row, 1), &column);
    std::string name = column.name;
    table.columns.emplace(std::move(name), std::move(column));
  }
  return table;
}

std::vector<std::string> ConstraintColumns(postgres::Connection& connection, const SqlTable& table,
                                           absl::string_view constraint) {
  const absl::StatusOr<postgres::Rows> rows = connection.QueryOnce(
      kSelectConstraintColumns, postgres::Params().AddInt64(table.oid).AddText(constraint));
  std::vector<std::string> columns;
  for (int row = 0; rows.ok() && row < rows->size(); ++row) columns.emplace_back(rows->GetText(row, 0));
  return columns;
}

std::string LocalIdTextOf(const SqlColumn& column, absl::string_view server_text) {
  std::string canonical;
  if (column.canonical_number && value::AppendCanonicalDecimal(server_text, &canonical)) return canonical;
  if (column.canonical_time) {
    if (const std::optional<int64_t> micros = value::ParseTimestamp(server_text)) {
      value::AppendTimestamp(*micros, &canonical);
      return canonical;
    }
  }
  return std::string(server_text);
}

}  // namespace cognate::delivery
