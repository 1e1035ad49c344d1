#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
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

// Of the events of one batch, for statistics.
struct EventCounts {
  int64_t applied = 0;  // versions taken, deletes among them
  int64_t failed = 0;   // tried again, held, in conflict
  int64_t dead = 0;
};

// The tables `event_batches` and `told_events`, and what is counted with them (`done_per_minute`). Thread
// safe.
class EventStore {
 public:
  explicit EventStore(postgres::Pool& pool) : pool_(pool) {}

  // Appends one batch and counts what was done. The LAST statement of a transaction: it takes the lock
  // that puts commits in the order of their sequences. Gives the sequence.
  absl::StatusOr<int64_t> Append(postgres::Transaction& transaction, absl::string_view platform,
                                 absl::string_view payload, const EventCounts& counts, absl::Time now);
  // The same as a transaction of its own, in one round trip.
  absl::StatusOr<int64_t> Append(absl::string_view platform, absl::string_view payload,
                                 const EventCounts& counts, absl::Time now);

  absl::Status InTransaction(absl::string_view name, postgres::TransactionFunction function) {
    return pool_.InTransactionWithRetry(name, function);
  }
  // Notes that these are told; answers those that were not told before.
  absl::StatusOr<std::vector<std::string>> AddTold(postgres::Transaction& transaction,
                                                   absl::Span<const std::string> event_ids, absl::Time now);

  absl::StatusOr<EventRange> Range();
  // In order, those after `sequence`.
  absl::StatusOr<std::vector<StoredBatch>> Read(int64_t sequence, int limit);

  // Deletes what is older, up to `limit` batches; says how many.
  absl::StatusOr<int64_t> DeleteBatches(absl::Time before, int limit);
  absl::Status DeleteTold(absl::Time before);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::feedback
