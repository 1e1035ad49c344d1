#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/ids/uuid.h"
#include "services/file_transfer/blob_store.h"
#include "services/file_transfer/config.h"

namespace cognate::file_transfer {

// The store that --file-store says: on disk, or in S3 with what is on its way on disk. The errors are those
// of DiskStore::Open and S3Store::Open. `clock` outlives it.
absl::StatusOr<std::unique_ptr<BlobStore>> OpenStore(const Config& config, const Uuid& store_id, bool is_new,
                                                     const Clock& clock);

}  // namespace cognate::file_transfer
