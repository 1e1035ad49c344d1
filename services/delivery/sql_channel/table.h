// What delivery must know of a table on a target in order to write to it, read from the target's own
// catalogue.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/postgres/connection.h"

namespace cognate::delivery {

// How values of a column travel: as an array of its own kind where that is cheap, else as text that the
// server reads.
enum class Wire : char {
  kText = 't',
  kTextCast = 'c',
  kInt64 = 'i',
  kBool = 'b',
  kBytes = 'y',
  kTimestamp = 's'
};

struct SqlColumn {
  std::string name;
  std::string quoted;
  std::string base_type;  // for casts that cut nothing: without length, and of a domain what is under it
  std::string full_type;  // with length, as the column was declared
  Wire wire = Wire::kTextCast;
  bool is_integer = false;
  bool identity_always = false;
  bool is_padded = false;         // character(n)
  bool canonical_number = false;  // numeric: `5.00` and `5` are one local id
  bool canonical_time = false;    // timestamps with and without zone
  int64_t max_characters = 0;     // 0: no limit

  bool is_text() const { return wire == Wire::kText || is_padded || base_type == "citext"; }
  bool is_json() const { return base_type == "jsonb" || base_type == "json"; }
};

struct SqlTable {
  std::string model;
  std::string quoted;  // "schema"."table"
  int64_t oid = 0;
  absl::flat_hash_map<std::string, SqlColumn> columns;
  std::vector<int64_t> references;  // oids of the tables that its foreign keys name

  // FAILED_PRECONDITION UNDEFINED_COLUMN that says what to do.
  absl::StatusOr<const SqlColumn*> Find(absl::string_view column) const;
};

// `model` is `schema.table`, both to the letter. FAILED_PRECONDITION UNDEFINED_TABLE when there is none.
absl::StatusOr<SqlTable> ReadTable(postgres::Connection& connection, absl::string_view model);

// The columns of a constraint or unique index, for error messages; empty if there is none of this name.
std::vector<std::string> ConstraintColumns(postgres::Connection& connection, const SqlTable& table,
                                           absl::string_view constraint);

// A key column's text as the target's own capture would name it.
std::string LocalIdTextOf(const SqlColumn& column, absl::string_view server_text);

}  // namespace cognate::delivery
