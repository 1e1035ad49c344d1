#pragma once

#include <string>

#include "absl/status/status.h"
#include "cli/commands.h"

namespace cognate::cli {

struct PastOptions {
  std::string file;      // empty: from the change log
  std::string platform;  // or `record`
  std::string model;
  std::string record;  // platform/model/local id
  std::string at;
  int64_t approve = -1;  // how many were shown; below zero: only show
};

// Shows what a platform's records, or one of them, were at a time, and with the number that was shown gives
// it back to them: through the services, as new versions.
absl::Status RestorePast(Context& context, const PastOptions& options);

}  // namespace cognate::cli
