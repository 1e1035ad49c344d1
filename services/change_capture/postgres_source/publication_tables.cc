#include "services/change_capture/postgres_source/publication_tables.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"
#include "common/value/local_id.h"

namespace cognate::change_capture {
namespace {

constexpr char kSelectTables[] = R"sql(
    WITH published AS MATERIALIZED (
        SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = $2
    )
    SELECT n.nspname || '.' || c.relname AS model, n.nspname::text AS schema, c.relname::text AS table, c.oid::int8 AS oid, c.relkind::text AS kind,
           c.relpersistence::text AS persistence, c.relreplident::text AS identity,
           has_table_privilege(c.oid, 'SELECT') AS readable,
           EXISTS (SELECT 1 FROM published p WHERE p.schemaname = n.nspname AND p.tablename = c.relname) AS published,
           COALESCE((SELECT i.indimmediate FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary), false)
               AS immediate,
           ARRAY(SELECT a.attname::text
                 FROM pg_index i
                 CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
                 WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts
                 ORDER BY k.place) AS key,
           ARRAY(SELECT a.attname::text
                 FROM pg_index i
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
                 WHERE i.indrelid = c.oid AND i.indisreplident) AS identity_fields,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                 ORDER BY a.attnum) AS columns,
           ARRAY(SELECT a.atttypid::int8 FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                 ORDER BY a.attnum) AS types
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname || '.' || c.relname = ANY ($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
)sql";

constexpr char kSelectForeignKeys[] = R"sql(
    SELECT DISTINCT conrelid::int8, confrelid::int8
    FROM pg_constraint
    WHERE contype = 'f' AND conrelid <> confrelid AND conrelid::int8 = ANY ($1) AND confrelid::int8 = ANY ($1)
)sql";

std::vector<std::string> Strings(const std::vector<std::optional<absl::string_view>>& texts) {
  std::vector<std::string> strings;
  for (const auto& text : texts) strings.emplace_back(text.value_or(""));
  return strings;
}

bool Holds(const std::vector<std::string>& all, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return std::find(all.begin(), all.end(), name) != all.end();
  });
}

std::string ObstacleOfIdentity(const SourceTable& table, absl::string_view identity, bool immediate,
                               const std::vector<std::string>& identity_fields) {
  const std::string mend = absl::StrCat("run ALTER TABLE ", table.quoted_name, " REPLICA IDENTITY ");
  if (identity == "n") {
    return absl::StrCat("its replica identity is NOTHING, so the stream does not say which row was changed: ",
                        mend, "DEFAULT");
  }
  if (identity == "d" && !immediate) {
    return absl::StrCat("its primary key is DEFERRABLE, which cannot be its replica identity: ", mend,
                        "FULL");
  }
  if (identity == "i" && !Holds(identity_fields, table.key_fields)) {
    return absl::StrCat("its replica identity is an index without the primary key's columns: ", mend,
                        "DEFAULT");
  }
  return "";
}

std::string ObstacleOf(const SourceTable& table, const postgres::Rows& rows, int row) {
  const absl::string_view kind = rows.GetText(row, rows.Column("kind"));
  if (kind != "r" && kind != "p") return "it is no table: only tables have a stream of changes";
  if (rows.GetText(row, rows.Column("persistence")) != "p") {
    return absl::StrCat("it is not logged, so it has no stream of changes: run ALTER TABLE ",
                        table.quoted_name, " SET LOGGED");
  }
  if (table.key_fields.empty()) {
    return absl::StrCat("it has no primary key, so its rows have no id: run ALTER TABLE ", table.quoted_name,
                        " ADD PRIMARY KEY (…)");
  }
  return ObstacleOfIdentity(table, rows.GetText(row, rows.Column("identity")),
                            rows.GetBool(row, rows.Column("immediate")),
                            Strings(rows.GetTextArray(row, rows.Column("identity_fields"))));
}

void ReadTable(const postgres::Connection& source, const postgres::Rows& rows, int row, SourceTable* table) {
  table->schema = std::string(rows.GetText(row, rows.Column("schema")));
  table->table = std::string(rows.GetText(row, rows.Column("table")));
  table->quoted_name =
      absl::StrCat(source.QuoteIdentifier(table->schema), ".", source.QuoteIdentifier(table->table));
  table->oid = static_cast<uint32_t>(rows.GetInt64(row, rows.Column("oid")));
  table->partitioned = rows.GetText(row, rows.Column("kind")) == "p";
  table->readable = rows.GetBool(row, rows.Column("readable"));
  table->published = rows.GetBool(row, rows.Column("published"));
  table->key_fields = Strings(rows.GetTextArray(row, rows.Column("key")));
  const std::vector<std::string> names = Strings(rows.GetTextArray(row, rows.Column("columns")));
  const std::vector<std::optional<int64_t>> types = rows.GetInt64Array(row, rows.Column("types"));
  for (size_t i = 0; i < names.size() && i < types.size(); ++i) {
    table->columns.emplace_back(names[i], static_cast<uint32_t>(types[i].value_or(0)));
  }
  table->obstacle = ObstacleOf(*table, rows, row);
}

struct Shape {
  std::string key;
  absl::flat_hash_map<std::string, std::string> types;  // by column
};

Shape ParseShape(absl::string_view text) {
  Shape shape;
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  shape.key = lines.front();
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<std::string, std::string> type_and_name =
        absl::StrSplit(lines[i], absl::MaxSplits(' ', 1));
    shape.types[type_and_name.second] = type_and_name.first;
  }
  return shape;
}

}  // namespace

absl::StatusOr<std::vector<SourceTable>> InspectTables(postgres::Connection& source,
                                                       absl::string_view publication,
                                                       const std::vector<std::string>& models) {
  std::vector<SourceTable> tables(models.size());
  for (size_t i = 0; i < models.size(); ++i) {
    tables[i].model = models[i];
    tables[i].obstacle =
        "there is no table of this name: it was dropped or renamed, or the login may not see it";
  }
  ASSIGN_OR_RETURN(
      const postgres::Rows rows,
      source.QueryOnce(kSelectTables, postgres::Params().AddTextArray(models).AddText(publication)));
  for (int row = 0; row < rows.size(); ++row) {
    for (SourceTable& table : tables) {
      if (table.model == rows.GetText(row, rows.Column("model"))) ReadTable(source, rows, row, &table);
    }
  }
  return tables;
}

absl::Status SortByForeignKeys(postgres::Connection& source, std::vector<SourceTable>* tables) {
  std::sort(tables->begin(), tables->end(),
            [](const SourceTable& a, const SourceTable& b) { return a.model < b.model; });
  std::vector<int64_t> oids;
  for (const SourceTable& table : *tables) oids.push_back(static_cast<int64_t>(table.oid));
  ASSIGN_OR_RETURN(const postgres::Rows rows,
                   source.QueryOnce(kSelectForeignKeys, postgres::Params().AddInt64Array(oids)));
  absl::flat_hash_map<uint32_t, absl::flat_hash_set<uint32_t>> parents;
  for (int row = 0; row < rows.size(); ++row) {
    parents[static_cast<uint32_t>(rows.GetInt64(row, 0))].insert(
        static_cast<uint32_t>(rows.GetInt64(row, 1)));
  }
  // Takes the first whose parents are all taken; where there is none, a cycle is broken at the first.
  for (auto place = tables->begin(); place != tables->end(); ++place) {
    auto next = std::find_if(place, tables->end(), [&](const SourceTable& table) {
      return std::none_of(place, tables->end(),
                          [&](const SourceTable& other) { return parents[table.oid].contains(other.oid); });
    });
    if (next == tables->end()) next = place;
    std::rotate(place, next, next + 1);
  }
  return absl::OkStatus();
}

std::string TableShape(const SourceTable& table) {
  std::string shape = value::EncodeLocalId(table.key_fields);
  for (const auto& [name, type] : table.columns) absl::StrAppend(&shape, "\n", type, " ", name);
  return shape;
}

absl::StatusOr<bool> HasUncapturedContent(postgres::Connection& source, const SourceTable& table,
                                          absl::string_view before) {
  if (before == TableShape(table)) return false;
  const Shape shape = ParseShape(before);
  if (shape.key != value::EncodeLocalId(table.key_fields)) return true;
  std::vector<std::string> added;
  for (const auto& [name, type] : table.columns) {
    const auto known = shape.types.find(name);
    if (known == shape.types.end()) {
      added.push_back(absl::StrCat(source.QuoteIdentifier(name), " IS NOT NULL"));
    } else if (known->second != absl::StrCat(type)) {
      return true;
    }
  }
  if (added.empty()) return false;
  if (!table.readable) return true;
  ASSIGN_OR_RETURN(const postgres::Rows rows,
                   source.QueryText(absl::StrCat("SELECT 1 FROM ", table.quoted_name, " WHERE ",
                                                 absl::StrJoin(added, " OR "), " LIMIT 1")));
  return !rows.empty();
}

}  // namespace cognate::change_capture
