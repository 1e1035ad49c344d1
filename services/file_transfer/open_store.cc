#include "services/file_transfer/open_store.h"

#include <utility>

#include "common/status/status_macros.h"
#include "services/file_transfer/disk/disk_store.h"
#include "services/file_transfer/s3/s3_store.h"

namespace cognate::file_transfer {

absl::StatusOr<std::unique_ptr<BlobStore>> OpenStore(const Config& config, const Uuid& store_id, bool is_new,
                                                     const Clock& clock) {
  if (!IsS3(config.file_store)) return DiskStore::Open(config.file_store, store_id, is_new, clock);
  S3Store::Place place;
  place.options = config.s3.Options(config.file_store);
  ASSIGN_OR_RETURN(const s3::BucketAndPrefix location, s3::ParseLocation(config.file_store));
  place.prefix = location.prefix;
  // A new one costs the uploads that were on their way, and no file.
  ASSIGN_OR_RETURN(place.partials, DiskStore::Open(config.s3.staging, store_id, true, clock));
  return S3Store::Open(std::move(place), store_id, is_new, clock);
}

}  // namespace cognate::file_transfer
