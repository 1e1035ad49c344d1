#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

// Also what calls and processes that ended have left of uploads that nobody knows. CANCELLED as soon as
// `is_over` says so; what was not done the next one does.
absl::StatusOr<v1::CollectResponse> Collect(Parts& parts, const v1::CollectRequest& request,
                                            absl::FunctionRef<bool()> is_over);

// Contents of the store that no row names: of calls and processes that ended in between.
absl::Status TidyStore(Parts& parts, absl::FunctionRef<bool()> is_over);

}  // namespace cognate::file_transfer
