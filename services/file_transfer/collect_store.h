// What refers to contents, and what may go.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

  // Whether a record of the platform leads to it, or is to.
  absl::StatusOr<bool> IsOf(absl::string_view sha256, absl::string_view platform);
  // How many fields of records lead to each.
  absl::StatusOr<std::vector<int64_t>> CountBindings(absl::Span<const std::string> sha256s);

  struct Unused {
    int64_t count = 0;
    int64_t bytes = 0;
  };
  // What nothing refers to, and nobody has asked for since.
  absl::StatusOr<Unused> CountUnused(absl::Time asked_before);
  // Forgets some of them; none are left where it answers with none.
  absl::StatusOr<std::vector<StoredFile>> ForgetUnused(absl::Time asked_before, int limit);

  // What of a pack is used, in the order of the pack.
  absl::StatusOr<std::vector<StoredFile>> OfPack(int64_t pack);
  absl::StatusOr<int64_t> UsedBytes(int64_t pack);
  // Of those whose place is still this one, as `from`.
  absl::Status Move(absl::Span<const StoredFile> from, absl::Span<const BlobPlace> to);
  // Of these names of blobs, those that a content has.
  absl::StatusOr<std::vector<std::string>> KnownBlobs(const std::vector<std::string>& blobs);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
