// A directory in which a platform has its files. Nothing is reached that is not below it: no `..`, no
// symbolic link, no device.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::file_transfer {

// Closes what it holds.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// What a file system says of a file: who finds the same finds the same content.
struct FileStand {
  int64_t inode = 0;
  int64_t size_bytes = 0;
  int64_t modify_time_ns = 0;
  int64_t change_time_ns = 0;
  bool operator==(const FileStand&) const = default;
};

struct OpenedFile {
  FileDescriptor fd;
  FileStand stand;
};

// Thread safe. Relative paths are clean (names.h). Everything in it may hang as its file system does.
class Place {
 public:
  // Passed before each access, with the directory: tests have it hang there.
  using Gate = std::function<void(const std::string& directory)>;

  // `directory` is absolute, below one of `roots`. FAILED_PRECONDITION with a sentence where it is not, or is
  // not there. `owner`: the platform that has its files there.
  static absl::StatusOr<std::unique_ptr<Place>> Open(const std::vector<std::string>& roots,
                                                     const std::string& directory, std::string owner,
                                                     Gate gate = nullptr);

  // Whether the directory says that it is the owner's: it was written into once, and its disk is mounted.
  bool is_marked() const { return is_marked_; }
  // From now on it says so. What is written into it marks it first.
  absl::Status Mark() const;

  // NOT_FOUND: it is not there. PERMISSION_DENIED FILE_OUTSIDE_PLACE: a symbolic link, or no ordinary file.
  // UNAVAILABLE: it may become readable.
  absl::StatusOr<OpenedFile> OpenFile(const std::string& path) const;
  // As OpenFile, without opening it for reading.
  absl::StatusOr<FileStand> Stat(const std::string& path) const;

  // A content, complete and synced in a temporary file of the same file system; gone with this object unless
  // it is published.
  class Draft {
   public:
    Draft() = default;
    Draft(Draft&& other) noexcept;
    Draft& operator=(Draft&& other) noexcept;
    ~Draft();

    int64_t size_bytes() const { return size_bytes_; }

    // Of one that goes on (Place::Continue). What is there so far, from `offset` on; empty at its end.
    absl::StatusOr<std::string> ReadAt(int64_t offset, size_t limit) const;
    absl::Status Append(absl::string_view bytes);
    // What it is published with: more than `size_bytes` where another one wrote to it.
    absl::StatusOr<int64_t> SizeOnDisk() const;
    // Down to the disk.
    absl::Status Sync() const;
    // Nothing of it is any use: it goes with this object.
    void Drop() { is_kept_ = false; }

   private:
    friend class Place;
    const Place* place_ = nullptr;
    std::string name_;
    FileDescriptor fd_;
    int64_t size_bytes_ = 0;
    bool is_kept_ = false;
  };

  // One under a name of its own (`a-z 0-9 -`), with what was written of it before, by a process that has
  // died, too. It stays until it is published or dropped, or is old. UNAVAILABLE: another process writes to
  // it.
  absl::StatusOr<Draft> Continue(const std::string& name) const;
  // Writes what `fill` gives to the sink that it gets. `sync`: down to the disk; else `Sync` has to come
  // before Publish.
  using Sink = absl::FunctionRef<absl::Status(absl::string_view)>;
  absl::StatusOr<Draft> Write(absl::FunctionRef<absl::Status(Sink)> fill, bool sync) const;
  // Everything that was written to the file system of the place so far.
  absl::Status Sync() const;
  // Moves it into its place, in the stead of what is there, and makes the directories on the way. Answers how
  // it stands there. PERMISSION_DENIED: it can never stand there; then it is dropped.
  absl::StatusOr<FileStand> Publish(Draft draft, const std::string& path) const;
  // Makes sure that what was published in these directories is found after a crash.
  absl::Status SyncDirectories(std::vector<std::string> directories) const;

  // Drafts of processes that died, once they are old.
  int RemoveOldDrafts(int64_t older_than_seconds) const;

  const std::string& directory() const { return directory_; }

 private:
  Place(std::string directory, std::string owner, FileDescriptor fd, Gate gate)
      : directory_(std::move(directory)),
        owner_(std::move(owner)),
        fd_(std::move(fd)),
        gate_(std::move(gate)),
        is_marked_(FindMark()) {}
  bool FindMark() const;
  absl::StatusOr<FileDescriptor> OpenDrafts() const;
  void Pass() const {
    if (gate_ != nullptr) gate_(directory_);
  }
  absl::StatusOr<FileDescriptor> DirectoryOf(const std::string& path, bool make, std::string* name) const;

  const std::string directory_;
  const std::string owner_;
  const FileDescriptor fd_;
  const Gate gate_;
  mutable std::atomic<bool> is_marked_;
};

// Reads an open file from its beginning, in pieces of 256 KiB; the view holds until the next call. It ends
// where the file ended when it was opened: UNAVAILABLE if it has changed by then.
class PlaceReader {
 public:
  explicit PlaceReader(const OpenedFile& file) : file_(file) {}
  absl::StatusOr<absl::string_view> Next();
  // So much of it is known already.
  void Skip(int64_t bytes) { offset_ = bytes; }
  // All of it; RESOURCE_EXHAUSTED where it has more than `limit`.
  absl::StatusOr<std::string> All(int64_t limit);

 private:
  const OpenedFile& file_;
  int64_t offset_ = 0;
  std::string buffer_;
};

}  // namespace cognate::file_transfer
