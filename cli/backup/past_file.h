// What a platform's records were, by a backup's change log.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/value.pb.h"

namespace cognate::cli {

struct PastQuestion {
  std::string platform;
  std::string model;     // empty: all
  std::string local_id;  // empty: all
  absl::Time time;
};

// By model and local id; those that were deleted by then are left out. Reads the file to its end and proves
// it. RESOURCE_EXHAUSTED BACKUP_TOO_LARGE above 256 MiB of records.
using PastRecords = std::map<std::pair<std::string, std::string>, v1::Fields>;
absl::StatusOr<PastRecords> ReadPast(const std::string& path, const PastQuestion& question);

}  // namespace cognate::cli
