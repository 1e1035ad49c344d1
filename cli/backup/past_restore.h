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

// Shows what a platform's records, or one of them, were at a time, and a word that stands for the question
// and for the newest version that was looked at. With the word gives it back to them: through the services,
// as new versions. A record that was changed since it was shown is left alone, and counted.
// FAILED_PRECONDITION RESTORE_MOVED_ON where the word is of another question.
absl::Status RestorePast(Context& context, const PastOptions& options);

}  // namespace cognate::cli
