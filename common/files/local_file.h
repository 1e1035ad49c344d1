// A file that is sent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cognate::files {

class LocalFile {
 public:
  // FILE_UNREADABLE, as everything here that the machine refuses.
  static absl::StatusOr<std::unique_ptr<LocalFile>> Open(const std::string& path);
  ~LocalFile();
  LocalFile(const LocalFile&) = delete;
  LocalFile& operator=(const LocalFile&) = delete;

  int64_t size() const { return size_; }
  // Exactly `size` bytes into `*bytes`; FILE_CHANGED where there are fewer.
  absl::Status ReadAt(int64_t offset, int64_t size, std::string* bytes) const;
  // FAILED_PRECONDITION FILE_CHANGED where somebody has written to it since it was opened.
  absl::Status CheckUnchanged() const;
  // The same for the same content of the same file, and for no other: 32 characters.
  std::string UploadName() const;

 private:
  LocalFile(int handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  std::string Identity() const;

  const int handle_;
  const std::string path_;
  int64_t size_ = 0;
  std::string identity_;
};

}  // namespace cognate::files
