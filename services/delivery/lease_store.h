// Who owns which lane. Times are the database's, so that no process's clock counts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/postgres/pool.h"

namespace cognate::delivery {

class LeaseStore {
 public:
  explicit LeaseStore(postgres::Pool& pool) : pool_(pool) {}

  // Takes or renews the lease of each platform that is free, over, or already `owner`'s. Gives the fencing
  // numbers of those that are `owner`'s now. `address` is where its replicas reach it; may be empty.
  absl::StatusOr<absl::btree_map<std::string, int64_t>> Acquire(const std::vector<std::string>& platforms,
                                                                absl::string_view owner,
                                                                absl::string_view address,
                                                                absl::Duration duration);
  // Frees them at once, if they are `owner`'s.
  absl::Status Release(const std::vector<std::string>& platforms, absl::string_view owner);
  // Owners by platform; empty where the lease is over.
  absl::StatusOr<absl::btree_map<std::string, std::string>> Owners();
  // Where the platform's owner is reached; empty where nobody has the lane, or its owner does not say.
  absl::StatusOr<std::string> AddressOf(absl::string_view platform);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::delivery
