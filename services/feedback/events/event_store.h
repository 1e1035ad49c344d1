#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/postgres/pool.h"

namespace cognate::feedback {

struct StoredBatch {
  int64_t sequence = 0;
  std::string payload;  // cognate.bus.v1.EventBatch
};

// What can be read now: sequences from `first` to `last`; none if first > last.
struct EventRange {
  int64_t first = 1;
  int64_t last = 0;
};

struct AppliedCount {
  std::string platform;
  double last_minute = 0;
  int64_t last_hour = 0;
  int64_t last_day = 0;
  absl::Time last_applied;
};

// The tables `event_batches` and `applied_per_minute`. Thread safe.
class EventStore {
 public:
  explicit EventStore(postgres::Pool& pool) : pool_(pool) {}

  // Appends one batch and counts what was applied. The LAST statement of a transaction: it takes the lock
  // that puts commits in the order of their sequences. Gives the sequence.
  absl::StatusOr<int64_t> Append(postgres::Transaction& transaction, absl::string_view platform,
                                 absl::string_view payload, int64_t applied_count, absl::Time now);
  // The same as a transaction of its own, in one round trip.
  absl::StatusOr<int64_t> Append(absl::string_view platform, absl::string_view payload, int64_t applied_count,
                                 absl::Time now);

  absl::StatusOr<EventRange> Range();
  // In order, those after `sequence`.
  absl::StatusOr<std::vector<StoredBatch>> Read(int64_t sequence, int limit);

  absl::StatusOr<std::vector<AppliedCount>> Applied(absl::Time now);

  // Deletes what is older, up to `limit` batches; says how many.
  absl::StatusOr<int64_t> DeleteBatches(absl::Time before, int limit);
  absl::Status DeleteApplied(absl::Time before);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::feedback
