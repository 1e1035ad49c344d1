// The same content as a new version: for records whose content is to be delivered again, although the targets
// have its version.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/postgres/pool.h"
#include "services/change_capture/captured_change.h"

namespace cognate::change_capture {

// Nobody else gives versions until the transaction ends. A statement of its own: the next one sees all that
// was written until it has the lock.
absl::Status LockVersions(postgres::Transaction& transaction);

// Writes the latest state of each of these records into the log once more, under a new version, and gives
// them in version order. What was captured of them since `states` were read is what is written; deleted
// records stay as they were. Appenders wait until the transaction ends.
absl::StatusOr<std::vector<LoggedState>> Renew(postgres::Transaction& transaction,
                                               const std::vector<LoggedState>& states);

// A record, and a version that its delete must be older than.
struct DeletedRecord {
  const LoggedModel* model = nullptr;
  std::string local_id;
  int64_t before = 0;
};

// As Renew, for those of these records whose latest state is a delete that was made on their own platform:
// the same delete once more. No record twice.
absl::StatusOr<std::vector<LoggedState>> RenewDeletes(postgres::Transaction& transaction,
                                                      const std::vector<DeletedRecord>& records);

}  // namespace cognate::change_capture
