#include "services/file_transfer/s3/s3_errors.h"

#include <string>

#include "absl/strings/match.h"
#include "common/status/error.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {

absl::Status FromS3(const absl::Status& status) {
  if (status.ok()) return status;
  const std::string reason = ErrorReason(status);
  if (reason == "S3_FULL") return StoreFull(status.message());
  return absl::StartsWith(reason, "S3_") ? StoreUnavailable(status.message()) : status;
}

absl::Status FromS3Read(const absl::Status& status) {
  if (IsMissingObject(status)) return absl::DataLossError(status.message());
  return FromS3(status);
}

bool IsMissingObject(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason == "S3_OBJECT_NOT_FOUND" || reason == "S3_RANGE_BEHIND_END";
}

}  // namespace cognate::file_transfer
