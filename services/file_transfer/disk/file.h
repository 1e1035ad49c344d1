// A file of the disk, closed with its owner.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <sys/types.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace cognate::file_transfer {

class File {
 public:
  File() = default;
  explicit File(int handle) : handle_(handle) {}
  File(File&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  File& operator=(File&& other) noexcept;
  ~File();

  int handle() const { return handle_; }

  // With O_CLOEXEC. The errors are those of a store that is written to; see StoreErrno.
  static absl::StatusOr<File> Open(const std::string& path, int flags, mode_t mode = 0640);
  absl::StatusOr<int64_t> Size() const;
  // False where somebody else has the lock. It goes with the file's last handle. The file must be open for
  // writing: NFS gives no other an exclusive lock.
  absl::StatusOr<bool> TryLock() const;
  absl::Status Truncate(int64_t size) const;
  // All of it.
  absl::Status WriteAt(int64_t offset, absl::string_view bytes) const;
  absl::Status WriteAt(int64_t offset, absl::Span<const absl::string_view> pieces) const;
  // Fewer only at the end. DATA_LOSS where the disk cannot read them.
  absl::StatusOr<size_t> ReadAt(int64_t offset, char* buffer, size_t size) const;
  absl::Status SyncData() const;

 private:
  int handle_ = -1;
};

// So that names in it survive.
absl::Status SyncDirectory(const std::string& path);

}  // namespace cognate::file_transfer
