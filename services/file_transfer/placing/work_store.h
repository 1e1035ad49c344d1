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
#include "services/file_transfer/placing/teller.h"

namespace cognate::file_transfer {

// What the workers do next, and what is listed. Several processes share the work: what one takes is not given
// to another before its lease is over. Thread safe.
class WorkStore {
 public:
  explicit WorkStore(postgres::Pool& pool) : pool_(pool) {}

  // Files of sources that are to be read.
  absl::StatusOr<std::vector<ReadRow>> TakeReads(absl::Time now, absl::Time lease, int limit);
  // It is read, or gone: with what was seen, records that wait for it are looked at now.
  absl::Status EndRead(const ReadRow& read, const std::optional<SeenFile>& seen, absl::Time now);
  absl::Status RetryRead(const ReadRow& read, absl::Time next);

  // Placements in directories that are due.
  absl::StatusOr<std::vector<PlacementRow>> TakePlacements(absl::Time now, absl::Time lease, int limit);
  // How they stand now; those that wait for them are looked at now.
  absl::Status PutEnded(const std::vector<PlacementRow>& placements, const std::vector<SeenFile>& seen,
                        absl::Time now);
  // The next attempt, and why the last one failed.
  absl::Status PutFailed(const PlacementRow& placement);
  absl::Status SetProgress(const PlacementRow& placement, int64_t placed_bytes);
  absl::StatusOr<std::vector<std::optional<PlacementRow>>> Find(absl::string_view platform,
                                                                absl::Span<const std::string> paths);

  // Records that wait.
  absl::StatusOr<std::vector<WaitRow>> TakeWaits(absl::Time now, absl::Time lease, int limit);
  // Of each, whether what it waits for is there: its copy PLACED or REFUSED, or its content stored.
  absl::StatusOr<std::vector<bool>> AreReady(const std::vector<WaitRow>& waits);
  // `lease` is what they were taken with: what has begun to wait for something else since keeps its own time.
  absl::Status PutOff(const std::vector<WaitRow>& waits, const std::vector<absl::Time>& next,
                      absl::Time lease);
  absl::Status DropWaits(const std::vector<WaitRow>& waits);
  // Those whose content was uploaded are looked at now.
  absl::StatusOr<int64_t> WakeStored(absl::Time now);

  // Oldest first after (`created`, `path`).
  absl::StatusOr<std::vector<PlacementRow>> Missing(absl::string_view platform, absl::Time created,
                                                    absl::string_view path, int limit);
  // Contents that others wait for and the platform's agent has not uploaded.
  absl::StatusOr<std::vector<WaitRow>> Wanted(absl::string_view platform, int limit);
  absl::StatusOr<std::vector<PlacementRow>> List(absl::string_view platform, v1::PlacementState state,
                                                 absl::string_view after, int limit);
  absl::StatusOr<PlacementTotals> Totals(absl::string_view platform);

  // Where a content was seen last, for repairs.
  absl::StatusOr<std::vector<SeenFile>> SeenOf(absl::string_view sha256);

  // Entities that bindings name, in order.
  absl::StatusOr<std::vector<Uuid>> Entities(const Uuid& after, int limit);
  // Of an entity, on platforms where it is no more.
  absl::Status DropEntity(const Uuid& entity, absl::Span<const std::string> kept_platforms);
  // Placements that no binding leads to for as long: their contents need not be kept.
  absl::StatusOr<int64_t> ForgetUnbound(absl::Time before, int limit);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
