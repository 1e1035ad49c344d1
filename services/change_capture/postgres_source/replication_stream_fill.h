// Completes changes of a replication stream with what the log already knows.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/value.pb.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/postgres_source/replication_stream.h"

namespace cognate::change_capture {

// Reads fields of one row from the source itself, as it is now; fields that it does not find stay out.
using ReadSourceRow = std::function<absl::StatusOr<v1::Fields>(const PendingChange& change,
                                                               const std::vector<std::string>& fields)>;

bool NeedsFilling(const std::vector<PendingChange>& changes);

// Fills in unchanged fields, and the last state of deleted records, from the changes before in the same
// group, else from the log, else (unchanged fields only) from the source. Everything that was captured before
// these changes must be committed to the log.
absl::Status FillFromLog(ChangeLog& log, const ReadSourceRow& read_source_row,
                         std::vector<PendingChange>* changes);

}  // namespace cognate::change_capture
