#include "cli/backup/progress.h"

#include <iostream>

#include <unistd.h>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/output.h"

namespace cognate::cli {

PartProgress::PartProgress(std::string verb, bool quiet)
    : verb_(std::move(verb)), shows_(!quiet && isatty(STDERR_FILENO) != 0) {}

PartProgress::~PartProgress() {
  if (shown_) std::cerr << "\r\033[K" << std::flush;
}

void PartProgress::Show(const std::string& part, int64_t rows, int64_t estimate) {
  if (!shows_) return;
  const absl::Time now = absl::Now();
  if (now - last_ < absl::Milliseconds(100)) return;
  last_ = now;
  shown_ = true;
  std::cerr << absl::StreamFormat("\r\033[K%s %s: %s", verb_, part, FormatCount(rows));
  if (estimate > rows) std::cerr << " of about " << FormatCount(estimate);
  std::cerr << std::flush;
}

}  // namespace cognate::cli
