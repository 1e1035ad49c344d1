#include "services/file_transfer/disk/file.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

constexpr size_t kVectors = 256;

}  // namespace

File& File::operator=(File&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

File::~File() {
  if (handle_ >= 0) close(handle_);
}

absl::StatusOr<File> File::Open(const std::string& path, int flags, mode_t mode) {
  int handle = -1;
  do {
    handle = open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (handle < 0 && errno == EINTR);
  if (handle < 0) {
    if (errno == ENOENT) return absl::NotFoundError(path);
    if (errno == EEXIST) return absl::AlreadyExistsError(path);
    return StoreErrno(errno, path);
  }
  return File(handle);
}

absl::StatusOr<int64_t> File::Size() const {
  struct stat found = {};
  if (fstat(handle_, &found) != 0) return StoreErrno(errno, "stat");
  return found.st_size;
}

absl::StatusOr<bool> File::TryLock() const {
  while (flock(handle_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return StoreErrno(errno, "lock");
  }
  return true;
}

absl::Status File::Truncate(int64_t size) const {
  if (ftruncate(handle_, size) != 0) return StoreErrno(errno, "truncate");
  return absl::OkStatus();
}

absl::Status File::WriteAt(int64_t offset, absl::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(handle_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return StoreErrno(errno, "write");
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += written;
  }
  return absl::OkStatus();
}

absl::Status File::WriteAt(int64_t offset, absl::Span<const absl::string_view> pieces) const {
  for (; !pieces.empty(); pieces.remove_prefix(std::min(pieces.size(), kVectors))) {
    std::array<iovec, kVectors> vectors = {};
    const size_t count = std::min(pieces.size(), kVectors);
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) {
      vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
      size += pieces[i].size();
    }
    ssize_t written = 0;
    do {
      written = pwritev(handle_, vectors.data(), static_cast<int>(count), offset);
    } while (written < 0 && errno == EINTR);
    if (written < 0) return StoreErrno(errno, "write");
    // A disk that is nearly full takes a part; the rest says why.
    if (static_cast<size_t>(written) < size) {
      int64_t at = offset;
      for (const absl::string_view piece : pieces.subspan(0, count)) {
        RETURN_IF_ERROR(WriteAt(at, piece));
        at += static_cast<int64_t>(piece.size());
      }
    }
    offset += static_cast<int64_t>(size);
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> File::ReadAt(int64_t offset, char* buffer, size_t size) const {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(handle_, buffer + done, size - done, offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EIO) return absl::DataLossError("the disk cannot read it (EIO)");
    if (got < 0) return StoreErrno(errno, "read");
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

absl::Status File::SyncData() const {
  if (fdatasync(handle_) != 0) return StoreErrno(errno, "sync");
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& path) {
  absl::StatusOr<File> directory = File::Open(path, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return directory.status();
  if (fsync(directory->handle()) != 0 && errno != EINVAL) return StoreErrno(errno, path);
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer
