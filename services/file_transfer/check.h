#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

absl::StatusOr<v1::CheckResponse> Check(Parts& parts, const v1::CheckRequest& request);

}  // namespace cognate::file_transfer
