// From a file into the database.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/backup/save.h"
#include "common/backup/backup_format.h"
#include "common/postgres/connection.h"

namespace cognate::backup {

// Reads the file to its end and proves it, without any database.
struct Proved {
  Header header;
  Totals totals;
  std::vector<std::pair<std::string, int64_t>> parts;  // with their rows
};
absl::StatusOr<Proved> Prove(const std::string& path, const Progress& progress);

// What became of the rows of one part.
struct PartOutcome {
  std::string part;
  int64_t in_file = 0;
  int64_t restored = 0;  // were not there, or were older
  int64_t conflicts = 0;
};

struct Outcome {
  std::vector<PartOutcome> parts;
  int64_t restored = 0;
  int64_t conflicts = 0;
  std::vector<std::string> conflict_lines;  // The first of them.
  std::vector<std::string> notes;           // What somebody should know or do.
  absl::Time started_at;                    // By the database's clock.
};

struct LoadOptions {
  bool dry_run = false;
  // The last thing before all of it counts; an error of it takes everything back. Not of a dry run.
  std::function<absl::Status()> before_commit = [] { return absl::OkStatus(); };
};

// SERVICES_RUNNING where one of our services is connected to this database.
absl::Status CheckNobodyRuns(postgres::Connection& connection);

// All of it in one transaction, or nothing: whatever ends this before leaves the database as it was. The
// services must not run: SERVICES_RUNNING. `proved` is what the file was when it was proved; one that was
// changed since is refused. BACKUP_OF_ANOTHER_CLUSTER where the two have said different things under the same
// numbers.
absl::StatusOr<Outcome> Load(postgres::Connection& connection, const std::string& path, const Proved& proved,
                             const LoadOptions& options, const Progress& progress);

}  // namespace cognate::backup
