#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace cognate::file_transfer {

// Where else a content may be: with the platforms that have it.
class CopySource {
 public:
  virtual ~CopySource() = default;
  // Stores it anew (Contents::Put), and says in plain words where it is from: `the directory of shop`.
  // NOT_FOUND, with the reason in words: nobody who can be reached has it.
  virtual absl::StatusOr<std::string> Restore(const std::string& sha256) = 0;
};

}  // namespace cognate::file_transfer
