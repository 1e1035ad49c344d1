#pragma once

#include <memory>
#include <string>

#include "common/clock/clock.h"
#include "common/ids/uuid.h"
#include "common/s3/client.h"
#include "services/file_transfer/blob_store.h"
#include "services/file_transfer/s3/pack_cache.h"

namespace cognate::file_transfer {

// In a bucket of an S3 server, below a prefix:
//
//   store-id                 which database this store belongs to
//   packs/<16 hex digits>    small contents that came together, one behind the other; never written again
//   packs/<16 hex digits>.emptied
//                            beside a pack that nothing is in any more; when it was written says since when
//   blobs/<sha256>-<random>
//
// An object is there whole or not at all. What no row of the database names is collected, and so is what
// uploads that were broken off have left in S3. Partials are on a disk of this machine (`partials`): what is
// on its way is resumed where it was begun.
class S3Store final : public BlobStore {
 public:
  struct Place {
    s3::Options options;
    std::string prefix;                   // without `/` at its ends
    std::unique_ptr<BlobStore> partials;  // whose partials are used
  };
  // INVALID_ARGUMENT for options that cannot be; FAILED_PRECONDITION STORE_MISMATCH where the prefix is the
  // store of another database, or, unless `is_new`, none at all; the errors of common/s3 where S3 does not
  // let us. `clock` outlives it.
  static absl::StatusOr<std::unique_ptr<S3Store>> Open(Place place, const Uuid& store_id, bool is_new,
                                                       const Clock& clock);
  // Calls that are under way end with CANCELLED.
  ~S3Store() override;

  absl::StatusOr<Packed> Pack(absl::Span<const absl::string_view> contents) override;
  absl::StatusOr<std::unique_ptr<Partial>> OpenPartial(absl::string_view name,
                                                       int64_t committed_bytes) override;
  absl::StatusOr<std::unique_ptr<BlobReader>> ReadPartial(absl::string_view name) override;
  absl::Status RemovePartial(absl::string_view name) override;
  absl::StatusOr<BlobPlace> Publish(Partial& partial, absl::string_view name,
                                    absl::string_view sha256) override;
  absl::StatusOr<std::unique_ptr<BlobReader>> Open(const BlobPlace& place, int64_t size_bytes) override;
  absl::Status Remove(const BlobPlace& place) override;
  absl::StatusOr<std::vector<PackFile>> ListPacks(absl::FunctionRef<bool()> is_over) override;
  absl::StatusOr<std::shared_ptr<void>> HoldPack(int64_t number) override;
  absl::Status SetEmptied(int64_t number) override;
  absl::Status RemovePack(int64_t number) override;
  absl::Status ForEachBlob(absl::Time before,
                           absl::FunctionRef<absl::Status(absl::string_view)> visit) override;
  absl::Status ForEachPartial(absl::Time before,
                              absl::FunctionRef<absl::Status(absl::string_view)> visit) override;
  absl::Status Check() override;

 private:
  S3Store(std::unique_ptr<s3::Client> client, std::unique_ptr<s3::Client> probe, Place place,
          const Uuid& store_id, const Clock& clock);
  // Empty where there is none.
  absl::StatusOr<std::string> ReadStoreId(s3::Client& client);
  // DATA_LOSS for something that is gone, unless the whole store is.
  absl::Status Missing(const absl::Status& status);
  absl::StatusOr<std::unique_ptr<BlobReader>> OpenPiece(const BlobPlace& place, int64_t size_bytes);
  std::string PackKey(int64_t number) const;
  std::string BlobKey(absl::string_view blob) const;

  const std::unique_ptr<s3::Client> client_;
  const std::unique_ptr<s3::Client> probe_;  // for Check: answers soon, whatever it is
  const std::string prefix_;                 // with `/` at its end, or empty
  const std::unique_ptr<BlobStore> partials_;
  const Uuid store_id_;
  const Clock& clock_;
  PackCache packs_;
};

}  // namespace cognate::file_transfer
