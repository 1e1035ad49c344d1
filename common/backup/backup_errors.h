#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cognate::backup {

// The file is cut, was changed, or does not fit itself.
absl::Status Damaged(absl::string_view how);
// It is something else.
absl::Status NoBackup();
// A later program wrote it.
absl::Status TooNew(absl::string_view what);

}  // namespace cognate::backup
