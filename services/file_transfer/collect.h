#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

// Also what calls and processes that ended have left of uploads that nobody knows.
absl::StatusOr<v1::CollectResponse> Collect(Parts& parts, const v1::CollectRequest& request);

// Contents of the store that no row names: of calls and processes that ended in between.
absl::Status TidyStore(Parts& parts);

}  // namespace cognate::file_transfer
