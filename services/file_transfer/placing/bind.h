// Says how the files stand that a target's records are to have, and puts small ones in place meanwhile.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/clock/clock.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/links.h"
#include "services/file_transfer/media_types.h"
#include "services/file_transfer/placing/byte_shares.h"
#include "services/file_transfer/placing/place_workers.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/stores.h"
#include "services/file_transfer/placing/teller.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {

// A larger file is read, or put in place, by a worker, while its record waits.
inline constexpr int64_t kSmallFile = 4 << 20;
// Small files that are in memory at a time: of all calls together, and of one platform.
inline constexpr int64_t kSmallFiles = 32 << 20;
inline constexpr int64_t kSmallFilesOfOne = 8 << 20;

struct BindParts {
  const Clock& clock;
  Stores& stores;
  Possession& possession;
  Platforms& platforms;
  Contents& contents;
  MediaTypes& media_types;
  PlaceWorkers& workers;
  // Of the targets and of the sources: apart, or those who hold the one and want the other would wait for
  // each other.
  ByteShares& shares;
  ByteShares& reading;
  Teller& teller;
  const Links& links;
  const std::string& public_url;  // of the gateway; may be empty
  int64_t max_bytes;              // of one file
};

absl::StatusOr<v1::BindResponse> Bind(const BindParts& parts, const v1::BindRequest& request);

}  // namespace cognate::file_transfer
