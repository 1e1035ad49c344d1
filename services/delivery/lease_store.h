// Who owns which lane. Times are the database's, so that no process's clock counts.
//
// A process has one row, which it renews; its lanes are held as long as that row is there. Processes of the
// version before know leases of single lanes alone: for them each lane's own lease is set far ahead, and
// renewed seldom.
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

// Thread safe.
class LeaseStore {
 public:
  // How far ahead the leases of single lanes are set, and how old they may become before they are set again.
  static constexpr absl::Duration kLaneLease = absl::Minutes(10);
  static constexpr absl::Duration kRefreshAfter = absl::Minutes(3);

  explicit LeaseStore(postgres::Pool& pool) : pool_(pool) {}

  // Renews the row of `owner`; false if it is over or was never there: then nothing is held.
  absl::StatusOr<bool> Renew(absl::string_view owner, absl::Duration duration);
  // Makes the row anew, and frees what was held by the one before. `address` is where its replicas reach it;
  // may be empty.
  absl::Status Join(absl::string_view owner, absl::string_view address, absl::Duration duration);
  // Takes away the rows of processes that have not renewed them, and frees their lanes. Then all lanes that
  // nobody holds, of those that ever had an owner.
  absl::StatusOr<std::vector<std::string>> ListFree();
  // How long the row of another process than `owner` is there at least, if nobody renews it; infinite where
  // there is none.
  absl::StatusOr<absl::Duration> FirstEnd(absl::string_view owner);
  // Takes each of these that nobody holds, or `owner` itself. Gives the fencing numbers of those that are
  // `owner`'s now. Only for an owner whose row is there.
  absl::StatusOr<absl::btree_map<std::string, int64_t>> Take(const std::vector<std::string>& platforms,
                                                             absl::string_view owner,
                                                             absl::string_view address);
  // Sets the leases of these lanes ahead, for the version before. Gives those that are `owner`'s.
  absl::StatusOr<std::vector<std::string>> Refresh(const std::vector<std::string>& platforms,
                                                   absl::string_view owner);
  // Frees them at once, if they are `owner`'s.
  absl::Status Release(const std::vector<std::string>& platforms, absl::string_view owner);
  // Frees all that is `owner`'s, and takes its row away.
  absl::Status Leave(absl::string_view owner);

  // Owners by platform; empty where nobody holds the lane.
  absl::StatusOr<absl::btree_map<std::string, std::string>> Owners();
  // Where the platform's owner is reached; empty where nobody has the lane, or its owner does not say.
  absl::StatusOr<std::string> AddressOf(absl::string_view platform);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::delivery
