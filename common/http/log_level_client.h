#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace cognate::http {

// Asks the process whose admin port this is (`host:port`, of this machine) for the level of its log, after
// setting it to `level` unless that is empty. UNAVAILABLE where nobody answers there.
absl::StatusOr<std::string> AskLogLevel(const std::string& admin, const std::string& level);

}  // namespace cognate::http
