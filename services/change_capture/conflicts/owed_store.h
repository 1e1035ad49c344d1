// Records that met a delivery which did not know their last edit: what edits of their own they must get back,
// and the amended versions that bring them. They are looked at at each change for an hour, even if they must
// get nothing: while versions that do not know each other are on their way, an edit can be there, away, and
// there again.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/conflicts/merge.h"
#include "services/change_capture/conflicts/record_id.h"

namespace cognate::change_capture {

struct StoredOwed {
  // What is owed after all changes up to this one; where an amended version brings it, that version.
  int64_t version = 0;
  Owed edits;
};

// Thread safe.
class OwedStore {
 public:
  OwedStore(postgres::Pool& pool, ChangeLog& log) : pool_(pool), log_(log) {}

  // Of these records, and of all that have versions above `after` and up to `until`.
  absl::StatusOr<std::map<RecordId, StoredOwed>> Find(absl::Span<const RecordId> records, int64_t after,
                                                      int64_t until);
  // Forgets those that must get nothing and have not changed for an hour.
  absl::Status Purge();

  // --- Within one transaction ---
  static absl::StatusOr<std::map<RecordId, StoredOwed>> Get(postgres::Transaction& transaction,
                                                            absl::Span<const RecordId> records);
  // What the records themselves hold, as far as it is captured; those that are not in the log are left out.
  absl::StatusOr<std::map<RecordId, LoggedState>> NewestHeld(postgres::Transaction& transaction,
                                                             absl::Span<const RecordId> records);
  // Writes `state` as a new, amended version of its record for each; gives them as they are logged. What they
  // bring is owed from then on, if it is anything.
  struct Amendment {
    LoggedState state;
    Owed owed;
  };
  absl::StatusOr<std::vector<LoggedState>> Amend(postgres::Transaction& transaction,
                                                 absl::Span<const Amendment> amendments);
  static absl::Status Put(postgres::Transaction& transaction, const std::map<RecordId, StoredOwed>& owed);
  static absl::Status Forget(postgres::Transaction& transaction, absl::Span<const RecordId> records);

 private:
  postgres::Pool& pool_;
  ChangeLog& log_;
};

}  // namespace cognate::change_capture
