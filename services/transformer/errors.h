// The errors of the transformer's own RPCs.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cognate::transformer {

// INVALID_ARGUMENT (INVALID_FIELD): "record.platform: got nothing, want the platform's id".
absl::Status InvalidField(absl::string_view field, absl::string_view got, absl::string_view want);

// ABORTED (ETAG_MISMATCH): the sync is not what was to be counted.
absl::Status SyncChanged(absl::string_view sync);

}  // namespace cognate::transformer
