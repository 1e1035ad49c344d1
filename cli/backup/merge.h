// What was staged becomes part of what is there. All within the transaction of Load.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/backup/backup_tables.h"
#include "cli/backup/load.h"
#include "common/postgres/connection.h"

namespace cognate::backup {

// Until the transaction ends nobody else reads or writes them.
absl::Status LockTables(postgres::Connection& connection);
// BACKUP_OF_ANOTHER_CLUSTER.
absl::Status CheckLineage(postgres::Connection& connection, const Table& table);
// What is known before anything of the table comes. Also of tables that the file does not have.
absl::Status PrepareTable(postgres::Connection& connection, const Table& table);
// `columns` are those that the file has. Conflicts are added to `outcome`.
absl::StatusOr<PartOutcome> MergeTable(postgres::Connection& connection, const Table& table,
                                       const std::vector<std::string>& columns, Outcome* outcome);
// What to look at when the services run again.
absl::Status AddNotes(postgres::Connection& connection, Outcome* outcome);
// Numbers that are given from here on are beyond those that are there.
absl::Status FinishTable(postgres::Connection& connection, const Table& table);

}  // namespace cognate::backup
