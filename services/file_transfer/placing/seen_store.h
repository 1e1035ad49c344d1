#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// The table `seen_files`. Thread safe.
class SeenStore {
 public:
  explicit SeenStore(postgres::Pool& pool) : pool_(pool) {}

  // Each as what is asked for.
  absl::StatusOr<std::vector<std::optional<SeenFile>>> Find(absl::Span<const std::string> platforms,
                                                            absl::Span<const std::string> paths);
  // Where a content was seen last, for repairs.
  absl::StatusOr<std::vector<SeenFile>> Of(absl::string_view sha256);
  // As a part of a transaction. Sorted by platform and path, none twice.
  static absl::Status Put(postgres::Transaction& transaction, const std::vector<SeenFile>& seen);

  struct Path {
    std::string path;
    bool is_bound = false;  // a field of a record of the platform leads to the content
  };
  // In order, from behind `after` on.
  absl::StatusOr<std::vector<Path>> Paths(absl::string_view platform, absl::string_view after, int limit);
  absl::Status Drop(absl::string_view platform, absl::Span<const std::string> paths);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
