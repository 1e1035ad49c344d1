// From the database into a file.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/backup/backup_format.h"
#include "common/postgres/connection.h"

namespace cognate::backup {

// Where it stands: the part under way, how many rows of it are done, and about how many it has.
using Progress = std::function<void(const std::string& part, int64_t rows, int64_t estimate)>;

struct Saved {
  Header header;
  Totals totals;
  int64_t bytes = 0;
};

// Everything as it is at one moment, by one snapshot across all schemas; nothing waits for it meanwhile.
// Needs to read the tables alone. About a thousand rows are in memory at a time, fewer where they are large.
// FAILED_PRECONDITION SCHEMA_VERSION_MISMATCH where the database is of a later program.
absl::StatusOr<Saved> Save(postgres::Connection& connection, const std::string& path,
                           const std::string& program_version, const Progress& progress);

}  // namespace cognate::backup
