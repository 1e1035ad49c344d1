#include "services/file_transfer/placing/place_calls.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

constexpr size_t kPiece = 256 << 10;

}  // namespace

std::string Words(int error) { return std::strerror(error); }  // NOLINT(concurrency-mt-unsafe)

int OpenBelow(int directory, const std::string& path, uint64_t flags) {
  open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  int fd = -1;
  do {
    fd = static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof(how)));
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  return fd;
}

absl::Status Outside(const std::string& path, absl::string_view why) {
  return Error(absl::StatusCode::kPermissionDenied, "FILE_OUTSIDE_PLACE", StrCat(path, " ", why));
}

absl::Status OpenFailed(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(StrCat(path, " is not there"));
    case ELOOP:
      return Outside(path, "is, or passes through, a symbolic link, which is not followed");
    case EXDEV:
      return Outside(path, "leads out of the platform's files");
    case ENAMETOOLONG:
    case EINVAL:
      return Outside(path, "is no path that this file system takes");
    case ENXIO:
    case ENODEV:
      return Outside(path, "is no ordinary file");
    default:
      return absl::UnavailableError(StrCat(path, " cannot be read now: ", Words(error)));
  }
}

absl::Status WriteFailed(int error, const std::string& what) {
  if (error == ENOSPC || error == EDQUOT)
    return absl::ResourceExhaustedError(StrCat(what, ": ", Words(error), "; make room there"));
  return absl::UnavailableError(StrCat(what, ": ", Words(error)));
}

absl::StatusOr<FileStand> StandOf(int fd, const std::string& path) {
  struct stat64 stat = {};
  if (fstat64(fd, &stat) != 0) return OpenFailed(errno, path);
  if (!S_ISREG(stat.st_mode))
    return Outside(path, S_ISDIR(stat.st_mode) ? "is a directory" : "is no ordinary file");
  return FileStand{static_cast<int64_t>(stat.st_ino), stat.st_size,
                   stat.st_mtim.tv_sec * 1'000'000'000 + stat.st_mtim.tv_nsec,
                   stat.st_ctim.tv_sec * 1'000'000'000 + stat.st_ctim.tv_nsec};
}

int WriteAll(int fd, absl::string_view data) {
  while (!data.empty()) {
    const ssize_t written = write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    data.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

int WriteAllAt(int fd, absl::string_view data, int64_t offset) {
  while (!data.empty()) {
    const ssize_t written = pwrite(fd, data.data(), data.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    data.remove_prefix(static_cast<size_t>(written));
    offset += written;
  }
  return 0;
}

absl::StatusOr<absl::string_view> PlaceReader::Next() {
  const int64_t rest = file_.stand.size_bytes - offset_;
  buffer_.resize(static_cast<size_t>(std::min(static_cast<int64_t>(kPiece), rest)));
  ssize_t got = 0;
  while (rest > 0) {
    got = pread(file_.fd.get(), buffer_.data(), buffer_.size(), offset_);
    if (got >= 0 || errno != EINTR) break;
  }
  if (got < 0) return absl::UnavailableError(StrCat("it cannot be read: ", Words(errno)));
  offset_ += got;
  if (got == 0) {
    // What is written to while it is read is nothing that ever was in the directory.
    ASSIGN_OR_RETURN(const FileStand now, StandOf(file_.fd.get(), "it"));
    if (now != file_.stand || offset_ != now.size_bytes)
      return absl::UnavailableError("it is being written; it is read again");
  }
  return absl::string_view(buffer_.data(), static_cast<size_t>(got));
}

absl::StatusOr<std::string> PlaceReader::All(int64_t limit) {
  if (file_.stand.size_bytes > limit) return absl::ResourceExhaustedError("it has grown meanwhile");
  std::string all;
  while (true) {
    ASSIGN_OR_RETURN(const absl::string_view piece, Next());
    if (piece.empty()) return all;
    all.append(piece.data(), piece.size());
  }
}

}  // namespace cognate::file_transfer
