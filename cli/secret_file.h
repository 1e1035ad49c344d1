// Secrets that the command line is given and tells: never as arguments, which others see and shells remember.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::cli {

// Where a secret goes that is told only once: a file of mode 0600 that must not be there yet, or the standard
// output. The file is made before the secret is asked for, so that none is lost to a path that cannot be
// written, and taken away if none came.
class SecretOutput {
 public:
  // `path` empty: the standard output.
  static absl::StatusOr<SecretOutput> Open(const std::string& path);
  SecretOutput(SecretOutput&& other) noexcept;
  SecretOutput& operator=(SecretOutput&&) = delete;
  ~SecretOutput();

  bool is_file() const { return !path_.empty(); }
  const std::string& path() const { return path_; }
  // On a line of its own.
  absl::Status Write(absl::string_view secret);

 private:
  SecretOutput(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_ = -1;
  bool is_written_ = false;
};

// What a file holds without its trailing newline, `-` for the standard input; 1 byte to 64 KiB. INVALID_FIELD
// in the name of `option`.
absl::StatusOr<std::string> ReadSecretFile(absl::string_view option, const std::string& path);

}  // namespace cognate::cli
