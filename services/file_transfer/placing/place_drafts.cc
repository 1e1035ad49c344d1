// Files of a place before they are in their places.
#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/place.h"
#include "services/file_transfer/placing/place_calls.h"

namespace cognate::file_transfer {

using absl::StrCat;

Place::Draft::Draft(Draft&& other) noexcept
    : place_(std::exchange(other.place_, nullptr)),
      name_(std::move(other.name_)),
      fd_(std::move(other.fd_)),
      size_bytes_(other.size_bytes_),
      is_kept_(other.is_kept_) {}

Place::Draft& Place::Draft::operator=(Draft&& other) noexcept {
  std::swap(place_, other.place_);
  std::swap(name_, other.name_);
  std::swap(fd_, other.fd_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(is_kept_, other.is_kept_);
  return *this;
}

Place::Draft::~Draft() {
  if (place_ != nullptr && !is_kept_) unlinkat(place_->fd_.get(), StrCat(kDrafts, "/", name_).c_str(), 0);
}

absl::StatusOr<Place::Draft> Place::Write(absl::FunctionRef<absl::Status(Sink)> fill, bool sync) const {
  ASSIGN_OR_RETURN(const FileDescriptor drafts, OpenDrafts());
  Draft draft;
  draft.name_ = RandomHex(16);
  draft.fd_ = FileDescriptor(
      openat(drafts.get(), draft.name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!draft.fd_.is_open()) return WriteFailed(errno, StrCat(directory_, " takes no files"));
  draft.place_ = this;
  RETURN_IF_ERROR(fill([&](absl::string_view piece) { return draft.Append(piece); }));
  // Whatever mask the process has: a web server of another user is to read it.
  if (fchmod(draft.fd_.get(), 0644) != 0)
    return WriteFailed(errno, StrCat("a file in ", directory_, " cannot be opened to others"));
  if (sync) RETURN_IF_ERROR(draft.Sync());
  return draft;
}

absl::Status Place::Draft::Append(absl::string_view bytes) {
  // Where it stands, whatever else writes to the file: two that know nothing of each other write the same.
  if (const int error = WriteAllAt(fd_.get(), bytes, size_bytes_); error != 0)
    return WriteFailed(error, StrCat("a file in ", place_->directory_, " cannot be written"));
  size_bytes_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::StatusOr<std::string> Place::Draft::ReadAt(int64_t offset, size_t limit) const {
  std::string bytes(limit, '\0');
  ssize_t got = 0;
  do {
    got = pread(fd_.get(), bytes.data(), bytes.size(), offset);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return WriteFailed(errno, StrCat("a draft in ", place_->directory_, " cannot be read"));
  bytes.resize(static_cast<size_t>(got));
  return bytes;
}

absl::StatusOr<int64_t> Place::Draft::SizeOnDisk() const {
  struct stat stat = {};
  if (fstat(fd_.get(), &stat) != 0)
    return WriteFailed(errno, StrCat("a draft in ", place_->directory_, " cannot be looked at"));
  return int64_t{stat.st_size};
}

absl::Status Place::Draft::Sync() const {
  return fsync(fd_.get()) == 0
             ? absl::OkStatus()
             : WriteFailed(errno, StrCat("a file in ", place_->directory_, " cannot be synced"));
}

absl::StatusOr<FileDescriptor> Place::OpenDrafts() const {
  Pass();
  RETURN_IF_ERROR(Mark());
  if (mkdirat(fd_.get(), kDrafts, 0700) != 0 && errno != EEXIST)
    return WriteFailed(errno, StrCat(directory_, " takes no files"));
  FileDescriptor drafts(OpenBelow(fd_.get(), kDrafts, O_RDONLY | O_DIRECTORY));
  if (!drafts.is_open()) return WriteFailed(errno, StrCat(directory_, "/", kDrafts));
  return drafts;
}

absl::StatusOr<Place::Draft> Place::Continue(const std::string& name) const {
  ASSIGN_OR_RETURN(const FileDescriptor drafts, OpenDrafts());
  Draft draft;
  draft.name_ = name;
  draft.fd_ =
      FileDescriptor(openat(drafts.get(), name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  const std::string what = StrCat("a draft in ", directory_);
  if (!draft.fd_.is_open()) return WriteFailed(errno, what);
  // Where the file system knows no locks the lease of its placement keeps others out.
  if (flock(draft.fd_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return absl::UnavailableError(StrCat(what, " is written by another process"));
  // Before the lock another one may have written on, published it or dropped it.
  struct stat stat = {};
  struct stat named = {};
  if (fstat(draft.fd_.get(), &stat) != 0) return WriteFailed(errno, what);
  if (fstatat(drafts.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0 || named.st_ino != stat.st_ino)
    return absl::UnavailableError(StrCat(what, " was ended by another process"));
  // Whatever mask the process has: a web server of another user is to read it. And it is in use from now on,
  // also where the file system knows no locks.
  if (fchmod(draft.fd_.get(), 0644) != 0 || futimens(draft.fd_.get(), nullptr) != 0)
    return WriteFailed(errno, what);
  draft.size_bytes_ = stat.st_size;
  draft.is_kept_ = true;
  draft.place_ = this;
  return draft;
}

namespace {

// Nobody has written to it for so long, nor holds it.
bool IsLeft(int drafts, const char* name, int64_t older_than_seconds) {
  const FileDescriptor fd(openat(drafts, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.is_open() || (flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)) return false;
  struct stat stat = {};
  return fstat(fd.get(), &stat) == 0 && S_ISREG(stat.st_mode) &&
         time(nullptr) - stat.st_mtim.tv_sec >= older_than_seconds;
}

}  // namespace

int Place::RemoveOldDrafts(int64_t older_than_seconds) const {
  Pass();
  const int fd = OpenBelow(fd_.get(), kDrafts, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return 0;
  DIR* const drafts = fdopendir(fd);
  if (drafts == nullptr) return close(fd), 0;
  int removed = 0;
  const time_t now = time(nullptr);
  while (const dirent* const entry = readdir(drafts)) {  // NOLINT(concurrency-mt-unsafe)
    struct stat64 stat = {};
    if (fstatat64(fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(stat.st_mode)) continue;
    if (now - stat.st_mtim.tv_sec < older_than_seconds) continue;
    if (!IsLeft(fd, entry->d_name, older_than_seconds)) continue;
    if (unlinkat(fd, entry->d_name, 0) == 0) ++removed;
  }
  closedir(drafts);
  return removed;
}

}  // namespace cognate::file_transfer
