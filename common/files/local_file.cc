#include "common/files/local_file.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/files/digest.h"
#include "common/status/error.h"

namespace cognate::files {
namespace {

absl::Status Changed(const std::string& path) {
  return Error(absl::StatusCode::kFailedPrecondition, "FILE_CHANGED",
               absl::StrCat(path, " was written to while it was sent; send it again when it is complete"))
      .With("path", path);
}

// With a reason of its own: no caller may take it for an answer of the service.
absl::Status Unreadable(const std::string& path, int error) {
  const absl::Status why = absl::ErrnoToStatus(error, path);
  const absl::StatusCode code =
      absl::IsNotFound(why) ? absl::StatusCode::kNotFound : absl::StatusCode::kFailedPrecondition;
  return Error(code, "FILE_UNREADABLE", why.message()).With("path", path);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalFile>> LocalFile::Open(const std::string& path) {
  const int handle = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (handle < 0) return Unreadable(path, errno);
  std::unique_ptr<LocalFile> file(new LocalFile(handle, path));
  struct stat found = {};
  if (fstat(handle, &found) != 0) return Unreadable(path, errno);
  if (!S_ISREG(found.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, " is no regular file"));
  file->size_ = found.st_size;
  file->identity_ = file->Identity();
  return file;
}

LocalFile::~LocalFile() { close(handle_); }

absl::Status LocalFile::ReadAt(int64_t offset, int64_t size, std::string* bytes) const {
  bytes->resize(static_cast<size_t>(size));
  for (size_t done = 0; done < bytes->size();) {
    const ssize_t got =
        pread(handle_, bytes->data() + done, bytes->size() - done, offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unreadable(path_, errno);
    if (got == 0) return Changed(path_);
    done += static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::Status LocalFile::CheckUnchanged() const {
  return Identity() == identity_ ? absl::OkStatus() : Changed(path_);
}

std::string LocalFile::Identity() const {
  struct stat found = {};
  if (fstat(handle_, &found) != 0) return "";
  return absl::StrCat(found.st_dev, " ", found.st_ino, " ", found.st_size, " ", found.st_mtim.tv_sec, ".",
                      found.st_mtim.tv_nsec);
}

std::string LocalFile::UploadName() const {
  std::array<char, HOST_NAME_MAX + 1> host = {};
  gethostname(host.data(), host.size() - 1);
  std::array<char, PATH_MAX> absolute = {};
  const char* const resolved = realpath(path_.c_str(), absolute.data());
  // Who sets back the time of a change cannot set back that of its doing.
  struct stat found = {};
  fstat(handle_, &found);
  const std::string name = absl::StrCat(host.data(), "\n", resolved == nullptr ? path_ : resolved, "\n",
                                        identity_, " ", found.st_ctim.tv_sec, ".", found.st_ctim.tv_nsec);
  return absl::BytesToHexString(Sha256(name)).substr(0, 32);
}

}  // namespace cognate::files
