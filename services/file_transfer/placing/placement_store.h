#pragma once

#include <cstdint>
#include <functional>
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

// The table `placements`. Several processes share the work: what one takes is not given to another before its
// lease is over. Thread safe.
class PlacementStore {
 public:
  explicit PlacementStore(postgres::Pool& pool) : pool_(pool) {}

  // Each as what is asked for.
  absl::StatusOr<std::vector<std::optional<PlacementRow>>> Find(absl::Span<const std::string> platforms,
                                                                absl::Span<const std::string> paths);
  absl::StatusOr<PlacementTotals> Totals(absl::string_view platform);
  // As a part of a transaction. One that is there already keeps its age, and its attempts where it is due
  // still. In the order of their paths, none twice.
  static absl::Status Put(postgres::Transaction& transaction, const std::vector<PlacementRow>& placements,
                          absl::Time now);

  // The one of each platform that has been due for the longest, but of none of `but`.
  absl::StatusOr<std::vector<PlacementRow>> Take(absl::Time now, absl::Time lease, int limit,
                                                 absl::Span<const std::string> but);
  // Further ones of the platform that are due and small, of so many bytes together.
  absl::StatusOr<std::vector<PlacementRow>> TakeSmall(absl::string_view platform, absl::Time now,
                                                      absl::Time lease, int64_t size_bytes,
                                                      int64_t bytes_together, int limit);
  // Of what was taken and is still worked on.
  absl::Status Renew(const std::vector<PlacementRow>& placements, absl::Time lease);
  // Of what was taken and not come to: due at once, as if it had not been taken.
  absl::Status GiveBack(const std::vector<PlacementRow>& placements, absl::Time now);
  // What became of placements. In the order of their paths, none twice.
  struct Outcome {
    std::vector<PlacementRow> ended;  // how they stand now; those that wait for them are looked at now
    std::vector<SeenFile> seen;
    std::vector<PlacementRow> lost;  // were PLACED once, and their agent has not got them any more: DUE again
  };
  // `also` is done in the same transaction, behind that; more than once where it has to be tried again.
  using Also = std::function<absl::Status(postgres::Transaction&)>;
  absl::Status PutEnded(const Outcome& outcome, absl::Time now, const Also& also);
  // The next attempt, or until when nobody asks the agent, and why the last one failed.
  absl::Status PutFailed(const PlacementRow& placement);
  absl::Status SetProgress(const PlacementRow& placement, int64_t placed_bytes);

  // For the platform's agent, oldest first after (`created`, `path`).
  absl::StatusOr<std::vector<PlacementRow>> Missing(absl::string_view platform, absl::Time now,
                                                    absl::Time created, absl::string_view path, int limit);
  absl::StatusOr<std::vector<PlacementRow>> List(absl::string_view platform, v1::PlacementState state,
                                                 absl::string_view after, int limit);
  // What waits for its bytes, on every platform, with the oldest.
  struct MissingFiles {
    std::string platform;
    int64_t count = 0;
    absl::Time oldest;
  };
  absl::StatusOr<std::vector<MissingFiles>> CountMissing();

  // Where some are that are in place there, of all its folders.
  absl::StatusOr<std::vector<std::string>> SomePlaced(absl::string_view platform, int limit);

  struct Key {
    std::string platform;
    std::string path;
  };
  // Of a page behind `after`, which it moves, those that no binding leads to for as long: the contents of
  // what is in place need not be kept, and what is not there need not come. Whether there was a page.
  absl::StatusOr<bool> ForgetUnbound(absl::Time before, int limit, Key* after);
  // Paths whose copies nothing leads to any more, in order, from behind `after` on.
  absl::StatusOr<std::vector<std::string>> Forgotten(absl::string_view platform, absl::string_view after,
                                                     int limit);
  // Of forgotten ones, whose copies are gone.
  absl::Status DropForgotten(absl::string_view platform, absl::Span<const std::string> paths);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
