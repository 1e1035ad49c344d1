// Sends contents of this machine's files to the file-transfer service: resumes what was cut off, asks first
// what is stored already, and sends of a content that is much like another one only what is new.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/file_transfer_service.grpc.pb.h"

namespace cognate::files {

struct UploadOptions {
  std::string platform = {};
  int calls = 4;  // Of small files' batches, at once.
  // How long an upload may get nowhere before it is given up: the service is away, or restarts.
  absl::Duration patience = absl::Minutes(2);
  // Contents above this are sent while they are hashed, unless a look at some parts finds that they are
  // stored, or much of them.
  int64_t probe_bytes = 64 << 20;
  int64_t message_bytes = 1 << 20;
};

// For whoever watches, from any thread.
struct UploadProgress {
  std::atomic<int64_t> file_count = 0;  // Done.
  std::atomic<int64_t> bytes = 0;       // Done, however that came about.
  std::atomic<int64_t> sent_bytes = 0;  // Of contents, on the wire.
  std::atomic<int64_t> known_count = 0;
  std::atomic<int64_t> failed_count = 0;
};

struct UploadedFile {
  std::string path;
  std::string sha256;
  int64_t size_bytes = 0;
  bool is_known = false;     // It was stored already.
  int64_t sent_bytes = 0;    // Of the content.
  int64_t copied_bytes = 0;  // Taken from what was stored.
  absl::Status status;
};

// Thread safe. The stub outlives it.
class UploadClient {
 public:
  UploadClient(v1::FileTransferService::Stub& stub, UploadOptions options)
      : stub_(stub), options_(std::move(options)) {}

  // One regular file. Its own name for the upload is made of the file's, so that a process that was killed
  // goes on where it was. FAILED_PRECONDITION FILE_CHANGED where somebody writes to it meanwhile.
  absl::StatusOr<UploadedFile> Put(const std::string& path);
  // Many; small ones travel in batches, and of those that are stored only hashes do. One result for each, in
  // any order, by several threads; false ends it.
  absl::Status PutAll(const std::vector<std::string>& paths,
                      const std::function<bool(const UploadedFile&)>& result);

  const UploadProgress& progress() const { return progress_; }

 private:
  v1::FileTransferService::Stub& stub_;
  const UploadOptions options_;
  UploadProgress progress_;
};

// Regular files below `path` (or itself), by name; links are not followed. A directory below it that cannot
// be listed is told to `skipped`; without that it is an error, as is `path` itself.
using Skipped = std::function<void(const std::string& directory, const absl::Status& why)>;
absl::StatusOr<std::vector<std::string>> FilesBelow(const std::string& path,
                                                    const Skipped& skipped = nullptr);

}  // namespace cognate::files
