#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

absl::StatusOr<v1::CollectResponse> Collect(Parts& parts, const v1::CollectRequest& request);

// Files of the disk that no row names: of calls and processes that ended in between. And packs that are
// mostly empty.
absl::Status TidyStore(Parts& parts);

}  // namespace cognate::file_transfer
