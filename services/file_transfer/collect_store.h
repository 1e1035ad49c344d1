// What refers to contents, and what may go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "services/file_transfer/file_store.h"

namespace cognate::file_transfer {

// Thread safe.
class CollectStore {
 public:
  explicit CollectStore(postgres::Pool& pool) : pool_(pool) {}

  // As `sha256s`: whether the platform has been given it, or is to be.
  absl::StatusOr<std::vector<bool>> AreFor(absl::string_view platform, absl::Span<const std::string> sha256s);
  // How many fields of records lead to each.
  absl::StatusOr<std::vector<int64_t>> CountBindings(absl::Span<const std::string> sha256s);

  struct Unused {
    int64_t count = 0;
    int64_t bytes = 0;
  };
  // What nothing refers to, and nobody has asked for since.
  absl::StatusOr<Unused> CountUnused(absl::Time asked_before);
  // Forgets those among the next `page_size` contents behind `*after_id`, and sets that to the last one it
  // has looked at. nullopt where there is none behind it.
  absl::StatusOr<std::optional<std::vector<StoredFile>>> ForgetUnused(absl::Time asked_before, int page_size,
                                                                      int64_t* after_id);

  // What of a pack is used, in the order of the pack.
  absl::StatusOr<std::vector<StoredFile>> OfPack(int64_t pack);
  absl::StatusOr<int64_t> UsedBytes(int64_t pack);
  // Of all packs of which something is, by their numbers.
  absl::StatusOr<absl::flat_hash_map<int64_t, int64_t>> UsedBytesOfPacks();
  // Of those whose place is still this one, as `from`.
  absl::Status Move(absl::Span<const StoredFile> from, absl::Span<const BlobPlace> to);
  // Of these names of blobs, those that a content has.
  absl::StatusOr<std::vector<std::string>> KnownBlobs(const std::vector<std::string>& blobs);

  // Of what one of the processes does for all of them: true where it is due, and the caller's to do now. Then
  // it is due again after `every`, also where the caller dies.
  absl::StatusOr<bool> TakeChore(absl::string_view name, absl::Time now, absl::Duration every);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
