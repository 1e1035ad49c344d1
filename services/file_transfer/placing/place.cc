#include "services/file_transfer/placing/place.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/place_calls.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

// Names the platforms whose files are there, one a line: several may share a directory.
constexpr char kMark[] = ".cognate-place";
constexpr size_t kLargestMark = 64 << 10;

// Whatever mask the process has: a web server of another user goes through it. What the directory above gives
// its children (the group) stays.
int LetOthersEnter(int parent, const std::string& name) {
  constexpr mode_t kMode = 0755;
  const FileDescriptor made(OpenBelow(parent, name, O_RDONLY | O_DIRECTORY));
  struct stat stat = {};
  if (!made.is_open() || fstat(made.get(), &stat) != 0) return errno;
  if ((stat.st_mode & kMode) == kMode) return 0;
  return fchmod(made.get(), (stat.st_mode & 07777) | kMode) == 0 ? 0 : errno;
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<std::unique_ptr<Place>> Place::Open(const std::vector<std::string>& roots,
                                                   const std::string& directory, std::string owner,
                                                   Gate gate) {
  if (gate != nullptr) gate(directory);
  const auto refuse = [&](absl::string_view why) {
    return Error(absl::StatusCode::kFailedPrecondition, "FILES_UNREACHABLE", StrCat(directory, " ", why))
        .ToStatus();
  };
  for (absl::string_view root : roots) {
    while (root.size() > 1 && absl::EndsWith(root, "/")) root.remove_suffix(1);
    absl::string_view rest = directory;
    if (!absl::ConsumePrefix(&rest, root)) continue;
    if (!rest.empty() && root != "/" && !absl::ConsumePrefix(&rest, "/")) continue;
    if (root == "/") absl::ConsumePrefix(&rest, "/");
    const FileDescriptor base(open(std::string(root).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!base.is_open()) return refuse(StrCat("cannot be reached: ", root, ": ", Words(errno)));
    FileDescriptor fd(OpenBelow(base.get(), rest.empty() ? "." : std::string(rest), O_RDONLY | O_DIRECTORY));
    if (!fd.is_open())
      return refuse(errno == ELOOP
                        ? std::string("passes through a symbolic link below its root, which is not followed")
                        : StrCat("cannot be opened by file-transfer: ", Words(errno)));
    return std::unique_ptr<Place>(new Place(directory, std::move(owner), std::move(fd), std::move(gate)));
  }
  return refuse(roots.empty() ? "is not open to file-transfer: no directory is (start it with --file-roots)"
                              : "is below none of the directories that file-transfer may use (--file-roots)");
}

bool Place::FindMark() const {
  const FileDescriptor fd(OpenBelow(fd_.get(), kMark, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!fd.is_open()) return false;
  std::string text(kLargestMark, '\0');
  const ssize_t size = pread(fd.get(), text.data(), text.size(), 0);
  text.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StripAsciiWhitespace(line) == owner_) return true;
  }
  return false;
}

absl::Status Place::Mark() const {
  if (is_marked_) return absl::OkStatus();
  const std::string what = StrCat(directory_, " takes no files: ", kMark);
  const FileDescriptor fd(
      openat(fd_.get(), kMark, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  struct stat stat = {};
  if (!fd.is_open() || fstat(fd.get(), &stat) != 0) return WriteFailed(errno, what);
  const std::string line = StrCat(stat.st_size > 0 ? "\n" : "", owner_, "\n");
  if (const int error = WriteAll(fd.get(), line); error != 0) return WriteFailed(error, what);
  if (fsync(fd.get()) != 0 || fsync(fd_.get()) != 0) return WriteFailed(errno, what);
  is_marked_ = true;
  return absl::OkStatus();
}

absl::StatusOr<OpenedFile> Place::OpenFile(const std::string& path) const {
  Pass();
  // Without blocking: a pipe that somebody has put there must not hang the reader.
  OpenedFile opened;
  opened.fd = FileDescriptor(OpenBelow(fd_.get(), path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!opened.fd.is_open()) return OpenFailed(errno, path);
  ASSIGN_OR_RETURN(opened.stand, StandOf(opened.fd.get(), path));
  return opened;
}

absl::StatusOr<FileStand> Place::Stat(const std::string& path) const {
  Pass();
  const FileDescriptor fd(OpenBelow(fd_.get(), path, O_PATH));
  if (!fd.is_open()) return OpenFailed(errno, path);
  return StandOf(fd.get(), path);
}

absl::Status Place::Sync() const {
  Pass();
  return syncfs(fd_.get()) == 0 ? absl::OkStatus()
                                : WriteFailed(errno, StrCat(directory_, " cannot be synced"));
}

absl::StatusOr<FileDescriptor> Place::DirectoryOf(const std::string& path, bool make,
                                                  std::string* name) const {
  const size_t slash = path.rfind('/');
  *name = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash);
  FileDescriptor fd(OpenBelow(fd_.get(), directory, O_RDONLY | O_DIRECTORY));
  if (fd.is_open() || errno != ENOENT || !make) {
    if (!fd.is_open()) return OpenFailed(errno, directory);
    return fd;
  }
  for (size_t end = directory.find('/'); true; end = directory.find('/', end + 1)) {
    const std::string part = directory.substr(0, end);
    const size_t last = part.rfind('/');
    const FileDescriptor parent(
        OpenBelow(fd_.get(), last == std::string::npos ? "." : part.substr(0, last), O_RDONLY | O_DIRECTORY));
    if (!parent.is_open()) return OpenFailed(errno, part);
    const std::string own = last == std::string::npos ? part : part.substr(last + 1);
    if (mkdirat(parent.get(), own.c_str(), 0755) == 0) {
      if (const int error = LetOthersEnter(parent.get(), own); error != 0)
        return WriteFailed(error, StrCat(directory_, "/", part, " cannot be opened to others"));
      fsync(parent.get());
    } else if (errno != EEXIST) {
      return WriteFailed(errno, StrCat(directory_, "/", part, " cannot be made"));
    }
    if (end == std::string::npos) break;
  }
  fd = FileDescriptor(OpenBelow(fd_.get(), directory, O_RDONLY | O_DIRECTORY));
  if (!fd.is_open()) return OpenFailed(errno, directory);
  return fd;
}

absl::StatusOr<FileStand> Place::Publish(Draft draft, const std::string& path) const {
  Pass();
  std::string name;
  const absl::StatusOr<FileDescriptor> directory = DirectoryOf(path, /*make=*/true, &name);
  if (absl::IsPermissionDenied(directory.status())) draft.Drop();
  RETURN_IF_ERROR(directory.status());
  const std::string from = StrCat(kDrafts, "/", draft.name_);
  if (renameat(fd_.get(), from.c_str(), directory->get(), name.c_str()) != 0) {
    if (errno == EISDIR || errno == ENOTEMPTY) {
      draft.Drop();
      return Outside(path, "is a directory on the target");
    }
    return WriteFailed(errno, StrCat(directory_, "/", path, " cannot be put in place"));
  }
  draft.place_ = nullptr;
  return StandOf(draft.fd_.get(), path);
}

absl::Status Place::SyncDirectories(std::vector<std::string> directories) const {
  std::sort(directories.begin(), directories.end());
  directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
  for (const std::string& directory : directories) {
    const FileDescriptor fd(
        OpenBelow(fd_.get(), directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY));
    if (!fd.is_open() || fsync(fd.get()) != 0)
      return WriteFailed(errno, StrCat(directory_, "/", directory, " cannot be synced"));
  }
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer
