// The tables of a source as its catalogue describes them: whether they can be captured, and in which order.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/postgres/connection.h"

namespace cognate::change_capture {

struct SourceTable {
  std::string model;  // schema.table, as the rules name it
  std::string schema;
  std::string table;
  uint32_t oid = 0;
  bool partitioned = false;
  bool readable = false;                // we may SELECT
  bool published = false;               // our publication has it
  std::vector<std::string> key_fields;  // of the primary key, in its order
  // Name and type of every column that the stream has, in the table's order: without generated ones.
  std::vector<std::pair<std::string, uint32_t>> columns;
  std::string obstacle;  // why it cannot be captured and how to mend it; empty if it can

  // "schema"."table"
  std::string quoted_name;
};

// One for each of `models`, in that order; a table that is not there has an obstacle.
absl::StatusOr<std::vector<SourceTable>> InspectTables(postgres::Connection& source,
                                                       absl::string_view publication,
                                                       const std::vector<std::string>& models);

// Parents before the tables that refer to them; in a cycle by name.
absl::Status SortByForeignKeys(postgres::Connection& source, std::vector<SourceTable>* tables);

// The key and the columns in one text, to be compared later.
std::string TableShape(const SourceTable& table);

// True if rows may hold what was not captured when the table had the shape `before`: it has another key, a
// column has another type, or a column is new and not empty.
absl::StatusOr<bool> HasUncapturedContent(postgres::Connection& source, const SourceTable& table,
                                          absl::string_view before);

}  // namespace cognate::change_capture
