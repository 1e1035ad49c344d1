#include "services/platform_registry/catalogue.h"

#include <map>
#include <set>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/catalogue_files.h"
#include "services/platform_registry/catalogue_sample.h"
#include "services/platform_registry/catalogue_shape.h"
#include "services/platform_registry/catalogue_type.h"

namespace cognate::platform_registry {
namespace {

using postgres::Connection;
using postgres::Rows;

// Tables that the other queries are about are found by their OIDs.
constexpr char kSelectTables[] = R"sql(
    SELECT c.oid, n.nspname || '.' || c.relname, c.relpersistence, c.relreplident,
           CASE WHEN pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
                THEN pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) ELSE '' END
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'cognate') AND n.nspname NOT LIKE 'pg\_%'
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
)sql";

constexpr char kSelectColumns[] = R"sql(
    SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid, a.atttypmod, a.attnotnull,
           (a.atthasdef AND a.attgenerated = '') OR a.attidentity <> '', a.attgenerated <> ''
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum
)sql";

// Unique keys of whole tables over plain columns: one row a column.
constexpr char kSelectUniques[] = R"sql(
    SELECT i.indrelid, x.relname, i.indisprimary, i.indimmediate, a.attname
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
    ORDER BY i.indrelid, x.relname COLLATE "C", k.place
)sql";

// One row a column. Copies that partitions have of their parent's keys have a parent themselves.
constexpr char kSelectForeignKeys[] = R"sql(
    SELECT k.conrelid, k.conname, n.nspname || '.' || r.relname, k.confdeltype, a.attname, b.attname
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
    CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS c(attnum, referenced, place)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.attnum
    JOIN pg_catalog.pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = c.referenced
    WHERE k.contype = 'f' AND k.conparentid = 0
    ORDER BY k.conrelid, k.conname COLLATE "C", c.place
)sql";

struct Table {
  v1::Model model;
  std::string readable;  // its quoted name; empty if this login may not read it
  char persistence = 'p';
  char replica_identity = 'd';
  bool key_is_deferrable = false;
};
using Tables = std::map<std::string, Table, std::less<>>;  // by OID, as text

Table* Find(Tables& tables, const Rows& rows, int row) {
  const auto found = tables.find(rows.GetText(row, 0));
  return found == tables.end() ? nullptr : &found->second;
}

int64_t Number(absl::string_view text) {
  int64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

absl::Status ReadTables(Connection& connection, Tables* tables, std::vector<std::string>* order) {
  ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(kSelectTables));
  std::set<std::string> names;
  for (int row = 0; row < rows.size(); ++row) {
    Table table;
    table.model.set_model(std::string(rows.GetText(row, 1)));
    table.persistence = rows.GetText(row, 2)[0];
    table.replica_identity = rows.GetText(row, 3)[0];
    table.readable = std::string(rows.GetText(row, 4));
    if (!names.insert(table.model.model()).second) {
      // "a.b"."c" and "a"."b.c" have the same name here.
      log::Warn("two tables have one name; the second is left out", {{"model", table.model.model()}});
      continue;
    }
    order->emplace_back(rows.GetText(row, 0));
    tables->emplace(order->back(), std::move(table));
  }
  return absl::OkStatus();
}

absl::Status ReadColumns(Connection& connection, Tables* tables) {
  ASSIGN_OR_RETURN(const DatabaseTypes types, ReadTypes(connection));
  ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(kSelectColumns));
  for (int row = 0; row < rows.size(); ++row) {
    Table* table = Find(*tables, rows, row);
    if (table == nullptr) continue;
    v1::ModelField* field = table->model.add_fields();
    field->set_name(std::string(rows.GetText(row, 1)));
    field->set_native_type(std::string(rows.GetText(row, 2)));
    field->set_nullable(rows.GetText(row, 5) != "t");
    field->set_has_default(rows.GetText(row, 6) == "t");
    field->set_generated(rows.GetText(row, 7) == "t");
    DescribeType(types, Number(rows.GetText(row, 3)), static_cast<int32_t>(Number(rows.GetText(row, 4))),
                 field);
  }
  return absl::OkStatus();
}

absl::Status ReadUniques(Connection& connection, Tables* tables) {
  ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(kSelectUniques));
  for (int row = 0; row < rows.size(); ++row) {
    Table* table = Find(*tables, rows, row);
    if (table == nullptr) continue;
    const std::string column(rows.GetText(row, 4));
    if (rows.GetText(row, 2) == "t") {
      table->model.add_key_fields(column);
      table->key_is_deferrable = rows.GetText(row, 3) != "t";
      continue;
    }
    auto* uniques = table->model.mutable_uniques();
    if (uniques->empty() || uniques->rbegin()->name() != rows.GetText(row, 1)) {
      uniques->Add()->set_name(std::string(rows.GetText(row, 1)));
    }
    uniques->rbegin()->add_fields(column);
  }
  return absl::OkStatus();
}

v1::DeleteRule DeleteRuleOf(absl::string_view code) {
  switch (code[0]) {
    case 'r':
      return v1::DELETE_RULE_RESTRICT;
    case 'c':
      return v1::DELETE_RULE_CASCADE;
    case 'n':
      return v1::DELETE_RULE_SET_NULL;
    case 'd':
      return v1::DELETE_RULE_SET_DEFAULT;
    default:
      return v1::DELETE_RULE_NO_ACTION;
  }
}

absl::Status ReadForeignKeys(Connection& connection, Tables* tables) {
  ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(kSelectForeignKeys));
  for (int row = 0; row < rows.size(); ++row) {
    Table* table = Find(*tables, rows, row);
    if (table == nullptr) continue;
    auto* keys = table->model.mutable_foreign_keys();
    if (keys->empty() || keys->rbegin()->name() != rows.GetText(row, 1)) {
      v1::ForeignKey* key = keys->Add();
      key->set_name(std::string(rows.GetText(row, 1)));
      key->set_model(std::string(rows.GetText(row, 2)));
      key->set_delete_rule(DeleteRuleOf(rows.GetText(row, 3)));
    }
    keys->rbegin()->add_fields(std::string(rows.GetText(row, 4)));
    keys->rbegin()->add_referenced_fields(std::string(rows.GetText(row, 5)));
  }
  return absl::OkStatus();
}

// Why logical replication cannot tell what happens to this table, and how to mend it.
std::string CaptureObstacle(const Table& table) {
  if (table.model.key_fields().empty()) {
    return "has no primary key: add one, or leave the table out; without it a record has no id that lasts";
  }
  if (table.persistence == 'u') return "is UNLOGGED, and so is not replicated: ALTER TABLE … SET LOGGED";
  if (table.key_is_deferrable)
    return "has a DEFERRABLE primary key, which cannot identify replicated rows: make it NOT DEFERRABLE";
  if (table.replica_identity == 'n') {
    return "has REPLICA IDENTITY NOTHING, so that updates and deletes are not replicated: ALTER TABLE … "
           "REPLICA IDENTITY "
           "DEFAULT";
  }
  if (table.replica_identity == 'i') {
    return "identifies replicated rows by another index than its primary key: ALTER TABLE … REPLICA IDENTITY "
           "DEFAULT, or "
           "FULL";
  }
  return "";
}

}  // namespace

absl::StatusOr<std::vector<v1::Model>> ReadCatalogue(Connection& connection) {
  Tables tables;
  std::vector<std::string> order;
  const auto read = [&](postgres::Transaction&) -> absl::Status {
    RETURN_IF_ERROR(connection.Execute("SET LOCAL search_path = pg_catalog"));
    RETURN_IF_ERROR(ReadTables(connection, &tables, &order));
    RETURN_IF_ERROR(ReadColumns(connection, &tables));
    RETURN_IF_ERROR(ReadUniques(connection, &tables));
    return ReadForeignKeys(connection, &tables);
  };
  RETURN_IF_ERROR(
      connection.InTransaction("read_catalogue", read, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  std::vector<v1::Model> models;
  std::vector<std::string> readable;
  for (const std::string& oid : order) {
    Table& table = tables.find(oid)->second;
    table.model.set_capture_obstacle(CaptureObstacle(table));
    DescribeShape(&table.model);
    DescribeFiles(&table.model);
    readable.push_back(std::move(table.readable));
    models.push_back(std::move(table.model));
  }
  SampleModels(connection, readable, absl::MakeSpan(models));
  return models;
}

}  // namespace cognate::platform_registry
