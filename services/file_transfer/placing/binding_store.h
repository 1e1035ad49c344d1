#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// What one call to Bind leaves. No key twice in any of them.
struct BindChanges {
  std::vector<Binding> bindings;
  std::vector<BindingKey> last_positions;  // what stands behind these in the same field is gone
  std::vector<BindingKey> unbound;
  std::vector<SeenFile> seen;
  std::vector<PlacementRow> placements;
  std::vector<ReadRow> reads;
  std::vector<WaitRow> waits;
  std::vector<BindingKey> settled;  // they wait no more
};

// The questions and the answer of Bind: whole batches only. Thread safe.
class BindingStore {
 public:
  explicit BindingStore(postgres::Pool& pool) : pool_(pool) {}

  // Each as what is asked for.
  absl::StatusOr<std::vector<std::optional<Binding>>> FindBindings(absl::Span<const BindingKey> keys);
  absl::StatusOr<std::vector<std::optional<SeenFile>>> FindSeen(absl::Span<const std::string> platforms,
                                                                absl::Span<const std::string> paths);
  absl::StatusOr<std::vector<std::optional<PlacementRow>>> FindPlacements(
      absl::Span<const std::string> platforms, absl::Span<const std::string> paths);
  // Bytes of all files that the platform has, or is to have.
  absl::StatusOr<int64_t> PlacedBytes(absl::string_view platform);
  // In one transaction. A placement that is there already keeps its age, and its attempts where it is due
  // still.
  absl::Status Commit(BindChanges changes, absl::Time now);

 private:
  postgres::Pool& pool_;
};

extern const char kPlacementColumns[];
PlacementRow PlacementFromRow(const postgres::Rows& rows, int row);
extern const char kWaitColumns[];
WaitRow WaitFromRow(const postgres::Rows& rows, int row);

}  // namespace cognate::file_transfer
