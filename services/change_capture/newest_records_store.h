// Records of a model by when they were changed, newest first. The log has no index for that: it is read
// backwards by version, a bounded stretch at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/postgres/pool.h"
#include "services/change_capture/captured_change.h"

namespace cognate::change_capture {

// Thread safe.
class NewestRecordsStore {
 public:
  explicit NewestRecordsStore(postgres::Pool& pool) : pool_(pool) {}

  struct Page {
    std::vector<LoggedState> states;  // newest first; each the newest of its record
    int64_t next_version = 0;         // where the next page begins; 0: this was the last one
  };
  // Changes of this version and older ones. At most `limit` records, found among a bounded number of changes:
  // a page may have fewer, also none, and others follow.
  absl::StatusOr<Page> From(const LoggedModel& model, int64_t version, int limit);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::change_capture
