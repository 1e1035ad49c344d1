// A directory of its own under /tmp, with a short path (Unix sockets have room for 107 bytes), removed at the
// end.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::test_support {

class TempDir {
 public:
  // "/tmp/<prefix>-<pid>-XXXXXX"; ends the test program when it cannot be made. Also removes those of the
  // same prefix whose process is gone.
  explicit TempDir(absl::string_view prefix = "cgt");
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string File(absl::string_view name) const;

 private:
  std::string path_;
};

}  // namespace cognate::test_support
