// The rows of part_sets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "services/change_capture/expansions/part_diff.h"

namespace cognate::change_capture {

// A record and the model that is made of it, by the log's numbers.
struct PartSetKey {
  int32_t parent_model_id = 0;
  std::string parent_id;
  int32_t model_id = 0;

  bool operator==(const PartSetKey&) const = default;
  auto operator<=>(const PartSetKey&) const = default;
};

struct StoredPartSet {
  PartSetKey key;
  KnownParts parts;
  absl::Time capture_time;
};

// Thread safe.
class PartSetStore {
 public:
  explicit PartSetStore(postgres::Pool& pool) : pool_(pool) {}

  // As many as keys; turn 0 where nothing was taken yet.
  absl::StatusOr<std::vector<KnownParts>> Find(absl::Span<const PartSetKey> keys);
  // Ordered by key, no key twice. ABORTED PARTS_MOVED_ON, with nothing written, unless every row still has
  // the turn before.
  static absl::Status Write(postgres::Transaction& transaction, absl::Span<const StoredPartSet> sets);
  // After `after`, in the order of keys; of one record unless `parent_id` is empty.
  absl::StatusOr<std::vector<StoredPartSet>> List(absl::Span<const int32_t> parent_model_ids,
                                                  const std::string& parent_id, bool only_refused,
                                                  const PartSetKey& after, int limit);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::change_capture
