#include "services/file_transfer/disk/disk_partial.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

constexpr int64_t kWriteback = 4 << 20;
constexpr int64_t kCopyPiece = 256 << 10;
constexpr char kShared[] = "the partial file is a stored content already";

// Whether the file system cannot copy between these files by itself.
bool CannotCopy(int error) {
  return error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DiskPartial>> DiskPartial::Open(const std::string& directory,
                                                               absl::string_view name,
                                                               int64_t committed_bytes) {
  const std::string path = absl::StrCat(directory, "/", name);
  absl::StatusOr<File> opened = File::Open(path, O_RDWR | (committed_bytes == 0 ? O_CREAT : 0));
  if (absl::IsNotFound(opened.status()))
    return committed_bytes == 0 ? StoreErrno(ENOENT, path) : absl::DataLossError("the partial file is gone");
  if (!opened.ok()) return opened.status();
  ASSIGN_OR_RETURN(const bool is_locked, opened->TryLock());
  if (!is_locked) return absl::AbortedError(absl::StrCat(path, " is locked by another process"));
  ASSIGN_OR_RETURN(const int64_t size, opened->Size());
  if (size < committed_bytes) return absl::DataLossError("the partial file has lost bytes");
  struct stat found = {};
  if (fstat(opened->handle(), &found) != 0) return StoreErrno(errno, path);
  // It was published, and may be what others read: complete it is, or of no use.
  const bool is_shared = found.st_nlink > 1;
  if (size > committed_bytes && is_shared) return absl::DataLossError(kShared);
  if (size > committed_bytes) RETURN_IF_ERROR(opened->Truncate(committed_bytes));
  return std::unique_ptr<DiskPartial>(
      new DiskPartial(directory, *std::move(opened), committed_bytes, is_shared));
}

absl::Status DiskPartial::Append(absl::string_view bytes) {
  if (is_shared_) return absl::DataLossError(kShared);
  RETURN_IF_ERROR(file_.WriteAt(size_, bytes));
  Grown(static_cast<int64_t>(bytes.size()));
  return absl::OkStatus();
}

// The disk works while more arrives, so that a sync finds little left to do.
void DiskPartial::Grown(int64_t bytes) {
  size_ += bytes;
  if (size_ - on_its_way_ < kWriteback) return;
  sync_file_range(file_.handle(), on_its_way_, size_ - on_its_way_, SYNC_FILE_RANGE_WRITE);
  on_its_way_ = size_;
}

absl::Status DiskPartial::AppendFrom(BlobReader& from, int64_t offset, int64_t length) {
  if (is_shared_) return absl::DataLossError(kShared);
  while (from.file() >= 0 && length > 0) {
    loff_t source = offset;
    loff_t target = size_;
    const ssize_t copied = copy_file_range(from.file(), &source, file_.handle(), &target,
                                           static_cast<size_t>(std::min(length, kWriteback)), 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && !CannotCopy(errno)) return StoreErrno(errno, "copy");
    if (copied <= 0) break;
    Grown(copied);
    offset += copied;
    length -= copied;
  }
  std::vector<char> buffer(static_cast<size_t>(std::min(length, kCopyPiece)));
  while (length > 0) {
    const size_t wanted = static_cast<size_t>(std::min(length, kCopyPiece));
    ASSIGN_OR_RETURN(const size_t got, from.ReadAt(offset, buffer.data(), wanted));
    if (got == 0) return absl::DataLossError("what is copied is shorter than it was");
    RETURN_IF_ERROR(Append(absl::string_view(buffer.data(), got)));
    offset += static_cast<int64_t>(got);
    length -= static_cast<int64_t>(got);
  }
  return absl::OkStatus();
}

absl::Status DiskPartial::Sync() {
  RETURN_IF_ERROR(file_.SyncData());
  if (!is_named_) RETURN_IF_ERROR(SyncDirectory(directory_));
  is_named_ = true;
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer
