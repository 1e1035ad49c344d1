#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "common/ids/uuid.h"
#include "common/sync/mutex.h"
#include "services/file_transfer/blob_store.h"
#include "services/file_transfer/disk/pack_writer.h"

namespace cognate::file_transfer {

// In a directory of this machine, or of one that several share:
//
//   store-id              which database this store belongs to
//   packs/<number>.pack   small contents, one behind the other
//   packs/<number>.emptied
//                         beside a pack that nothing is in any more; when it was last changed says since when
//   blobs/ab/<sha256>-<random>
//   uploads/<name>        partials
//
// What is in packs and blobs is complete and synced. What no row of the database names is not there for
// anybody, and is collected.
class DiskStore final : public BlobStore {
 public:
  // Makes the directory where it is missing. FAILED_PRECONDITION STORE_MISMATCH where it is the store of
  // another database, or, unless `is_new`, none at all: a disk that was not mounted must not look like a
  // store without files.
  static absl::StatusOr<std::unique_ptr<DiskStore>> Open(const std::string& directory, const Uuid& store_id,
                                                         bool is_new, const Clock& clock);

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
  DiskStore(std::string directory, const Uuid& store_id, const Clock& clock);
  absl::StatusOr<std::unique_ptr<BlobReader>> OpenPiece(const BlobPlace& place, int64_t size_bytes);
  absl::StatusOr<std::shared_ptr<const File>> OpenPack(int64_t number);
  void ForgetRemovedPacks();
  absl::Status Missing(absl::string_view what);
  std::string BlobPath(absl::string_view blob) const;

  const std::string directory_;
  const std::string packs_;
  const std::string blobs_;
  const std::string uploads_;
  const Uuid store_id_;
  PackWriter writer_;
  Mutex mutex_;
  // The packs that were read last, newest at the end.
  std::vector<std::pair<int64_t, std::shared_ptr<const File>>> open_packs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer
