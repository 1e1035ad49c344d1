// The rows of conflicts, and the history of records that they are found in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "cognate/v1/conflict.pb.h"
#include "common/ids/uuid.h"
#include "common/postgres/pool.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/conflicts/record_id.h"

namespace cognate::change_capture {

struct StoredConflict {
  Uuid id;
  v1::Conflict content;
  RecordId record;
};

// Thread safe.
class ConflictStore {
 public:
  ConflictStore(postgres::Pool& pool, ChangeLog& log) : pool_(pool), log_(log) {}

  struct Position {
    int64_t looked_at = 0;  // every version up to this one
    int64_t newest = 0;
  };
  absl::StatusOr<Position> GetPosition();
  // Within a transaction. ABORTED CONFLICTS_MOVED_ON if another process has looked meanwhile.
  static absl::Status Advance(postgres::Transaction& transaction, int64_t from, int64_t to);

  // Deliveries, as captured, into records that had edits of their own before, with the newest version of
  // these; with versions above `after` and up to `until`, of these models, in version order.
  struct Met {
    LoggedState delivered;
    int64_t own_version = 0;
  };
  absl::StatusOr<std::vector<Met>> FindDelivered(int64_t after, int64_t until,
                                                 absl::Span<const int32_t> model_ids, int limit);
  // What the log has of each of these records up to that version, oldest first: the last kMaxStates.
  static constexpr size_t kMaxStates = 128;
  absl::StatusOr<std::vector<std::vector<LoggedState>>> StatesUpTo(absl::Span<const RecordId> records,
                                                                   int64_t until);

  static absl::Status Insert(postgres::Transaction& transaction, absl::Span<const StoredConflict> conflicts);
  static absl::Status SetState(postgres::Transaction& transaction, const Uuid& id, v1::ConflictState state);
  absl::Status MarkResolved(const Uuid& id);

  // nullopt if there is none.
  absl::StatusOr<std::optional<StoredConflict>> Get(const Uuid& id);
  struct Filter {
    std::optional<Uuid> before;
    v1::ConflictState state = v1::CONFLICT_STATE_UNSPECIFIED;
    std::vector<int32_t> model_ids;  // empty: all
    std::string local_id;            // empty: all
    int limit = 100;
  };
  // Newest first.
  absl::StatusOr<std::vector<StoredConflict>> List(const Filter& filter);

 private:
  postgres::Pool& pool_;
  ChangeLog& log_;
};

}  // namespace cognate::change_capture
