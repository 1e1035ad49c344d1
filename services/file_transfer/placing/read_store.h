#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// The table `reads`: files of sources that are to be read. Several processes share the work, as in
// PlacementStore. Thread safe.
class ReadStore {
 public:
  explicit ReadStore(postgres::Pool& pool) : pool_(pool) {}

  // As a part of a transaction. In order, none twice; those that are there already stay as they are.
  static absl::Status Put(postgres::Transaction& transaction, const std::vector<ReadRow>& reads,
                          absl::Time now);

  // The one of each platform that has been due for the longest, but of none of `but`.
  absl::StatusOr<std::vector<ReadRow>> Take(absl::Time now, absl::Time lease, int limit,
                                            absl::Span<const std::string> but);
  // Of what was taken and is still worked on.
  absl::Status Renew(const std::vector<ReadRow>& reads, absl::Time lease);
  // It is read, or gone: with what was seen, records that wait for it are looked at now.
  absl::Status End(const ReadRow& read, const std::optional<SeenFile>& seen, absl::Time now);
  absl::Status Retry(const ReadRow& read, absl::Time next);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
