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
  std::string approve;  // the word that was shown; empty: only show
};

// Shows what a platform's records, or one of them, were at a time, and a word that stands for exactly that.
// With the word gives it back to them: through the services, as new versions. Where anything of it has
// changed since it was shown, the word is another, and nothing is written: RESTORE_MOVED_ON.
absl::Status RestorePast(Context& context, const PastOptions& options);

}  // namespace cognate::cli
