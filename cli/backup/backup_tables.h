// What of each schema is in a backup, and how it comes back. The file is read into temporary tables first,
// `staged_{schema}_{table}`, with every column that the table has; then each table's rows are merged into
// what is there, in the order of the lists, in one transaction. Names are read with `pg_temp` first in the
// search path.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"

namespace cognate::backup {

enum class Merge {
  kMissing,  // rows that are not there; what is there stays
  kNewer,    // and those that are there with a lower `newer_by`
  kOwn,      // the statement `own`
};

// Statements of `own`, `before` and `after` may be several, in order; `s` is the row of the file in
// conditions. `pg_temp.beyond(n)` is a number above `n` that nothing which came after the file, or after an
// earlier restore of it, can have reached; `staged_restore` is one row with the file's `created_at`.
struct Table {
  std::string schema;
  std::string name;
  std::string order;                       // of the rows in the file
  std::vector<std::string> left_out = {};  // columns that are not in a backup
  Merge merge = Merge::kMissing;
  std::string key = {};       // of kNewer
  std::string newer_by = {};  // of kNewer
  std::string where = {};     // which rows of the file may come back
  std::vector<std::string> own = {};
  // Give a sentence each for what keeps the file out altogether: it is of another cluster.
  std::vector<std::string> refusals = {};
  // Give a sentence for each row that is another one here: the cluster's stays, and it is told.
  std::vector<std::string> conflicts = {};
  std::vector<std::string> before = {};
  std::vector<std::string> after = {};
  // Statements that a rollback does not take back: not of a dry run.
  std::vector<std::string> last = {};

  std::string Full() const { return schema + "." + name; }
  std::string Staged() const { return "staged_" + schema + "_" + name; }
};

// Tables that are in no backup, and why.
struct LeftOut {
  std::string table;  // schema.table
  std::string why;
};

const std::vector<Table>& RegistryTables();
const std::vector<Table>& ChangeLogTables();
const std::vector<Table>& FeedbackTables();
const std::vector<Table>& FileTables();
// In the order in which they are written, read and merged.
std::vector<Table> AllTables();
absl::Span<const LeftOut> LeftOutTables();

}  // namespace cognate::backup
