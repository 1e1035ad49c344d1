#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace cognate::cli {

// One line on a terminal that says where a backup or a restore stands; nothing elsewhere.
class PartProgress {
 public:
  // `verb` is "saving", "checking", …; nothing is shown where `quiet`.
  PartProgress(std::string verb, bool quiet);
  ~PartProgress();
  void Show(const std::string& part, int64_t rows, int64_t estimate);

 private:
  const std::string verb_;
  const bool shows_;
  bool shown_ = false;
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace cognate::cli
