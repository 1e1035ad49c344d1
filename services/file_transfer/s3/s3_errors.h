#pragma once

#include "absl/status/status.h"

namespace cognate::file_transfer {

// What S3 answered, in the words of a store: STORE_FULL, or STORE_UNAVAILABLE with what it said. What is no
// error of S3 (of a partial that is sent, of a client that stops) stays as it is.
absl::Status FromS3(const absl::Status& status);

// The same of something that must be there: where it is not, DATA_LOSS.
absl::Status FromS3Read(const absl::Status& status);

bool IsMissingObject(const absl::Status& status);

}  // namespace cognate::file_transfer
