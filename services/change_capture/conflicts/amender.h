// Commits what was found: conflicts into their list, and what records must get back into the change log.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "services/change_capture/conflicts/conflict_store.h"
#include "services/change_capture/conflicts/merge.h"
#include "services/change_capture/conflicts/owed_store.h"
#include "services/change_capture/replay_writer.h"

namespace cognate::change_capture {

struct Findings {
  // The log was looked at from one version to the other.
  int64_t looked_from = 0;
  int64_t looked_to = 0;
  struct OfRecord {
    RecordId record;
    Merged merged;
  };
  std::vector<OfRecord> records;
};

// Thread safe.
class Amender {
 public:
  Amender(ConflictStore& conflicts, OwedStore& owed, ReplayWriter& replays, const Clock& clock)
      : conflicts_(conflicts), owed_(owed), replays_(replays), clock_(clock) {}

  // All or nothing. A record gets an amended version unless it was changed after what was looked at: then
  // what it must get back is kept for the next time. ABORTED CONFLICTS_MOVED_ON if another process has
  // committed the same findings.
  absl::Status Commit(const Findings& findings);
  // Gives a conflict's record values, and marks it as resolved by that. FAILED_PRECONDITION RECORD_IS_GONE.
  absl::Status Restore(const StoredConflict& conflict, const v1::Fields& values);

  // Values for a record that was looked at when `latest_version` was what it had said last.
  struct Given {
    enum class Outcome { kWritten, kSame, kChanged, kGone };
    RecordId record;
    int64_t latest_version = 0;
    v1::Fields values;
    Outcome outcome = Outcome::kGone;
  };
  // Gives all of them, in one commit, what each may have; `outcome` says which that were.
  absl::Status Give(std::vector<Given>* given);

 private:
  absl::StatusOr<std::vector<LoggedState>> Write(postgres::Transaction& transaction,
                                                 const Findings& findings);
  absl::StatusOr<std::vector<LoggedState>> WriteRestored(postgres::Transaction& transaction,
                                                         const StoredConflict& conflict,
                                                         const v1::Fields& values);
  absl::StatusOr<std::vector<LoggedState>> WriteGiven(postgres::Transaction& transaction,
                                                      std::vector<Given>* given);
  // What brings the record that holds `state` these values; nullopt where it has them, or is to get them
  // already.
  absl::StatusOr<std::optional<OwedStore::Amendment>> AmendmentFor(const LoggedState& state, Owed owed,
                                                                   const v1::Fields& values) const;

  ConflictStore& conflicts_;
  OwedStore& owed_;
  ReplayWriter& replays_;
  const Clock& clock_;
};

}  // namespace cognate::change_capture
