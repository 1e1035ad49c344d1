// The rows of batches that are not planned yet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "services/change_capture/batch_encoder.h"

namespace cognate::change_capture {

// A batch as it lies in the log: its changes are the versions from `first` to `last`, or those in `versions`.
struct StoredBatch {
  BatchHeader header;
  int64_t first_version = 0;
  int64_t last_version = 0;
  std::vector<int64_t> versions;
};

// Those to one platform that have not ended.
struct UnfinishedRuns {
  std::string platform;
  bool held = false;  // They wait for a person; the others go on.
  int64_t count = 0;
  absl::Time oldest = absl::InfiniteFuture();
};

// Thread safe.
class BatchStore {
 public:
  explicit BatchStore(postgres::Pool& pool) : pool_(pool) {}

  // Writes a batch of versions that are in the log already, as part of `transaction`; fills in the header's
  // number, and raises its revision to what the log has seen. `queued`: it goes on the stream right after the
  // commit.
  static absl::Status InsertReplay(postgres::Transaction& transaction, absl::Span<const int64_t> versions,
                                   bool queued, BatchHeader* header);

  // Marks up to `limit` batches that wait as queued now, oldest first, and gives them.
  absl::StatusOr<std::vector<StoredBatch>> TakeUnqueued(int limit);
  // Whether any batch waits.
  absl::StatusOr<bool> AnyUnqueued();
  // They were not put on the stream after all. Those that are acknowledged meanwhile stay so.
  absl::Status MarkUnqueued(absl::Span<const int64_t> batch_ids);
  // They were put on the stream only now.
  absl::Status MarkQueued(absl::Span<const int64_t> batch_ids);
  // Marks up to `limit` batches as waiting that were queued more than `grace` ago, and more than `grace`
  // before `oldest_entry`, the time of the oldest entry that the stream holds: what is older than that is not
  // on it. Gives how many.
  absl::StatusOr<int64_t> MarkLost(std::optional<absl::Time> oldest_entry, absl::Duration grace, int limit);

  struct Standing {
    // When the oldest changes were captured that are not planned yet; InfiniteFuture: there are none.
    // Replays, which are of any age, are left out.
    absl::Time oldest_capture = absl::InfiniteFuture();
    std::vector<UnfinishedRuns> runs;
    std::map<std::string, int64_t> open_conflicts;  // that wait for a person, by the platform of the record
    std::map<std::string, int64_t>
        drift;  // by sync: what its newest mirror run has found and not removed yet
  };
  absl::StatusOr<Standing> Look();

  absl::Status Acknowledge(absl::Span<const int64_t> batch_ids);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::change_capture
