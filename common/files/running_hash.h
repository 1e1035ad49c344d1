// The hash of a content whose bytes are in memory anyway, since they travel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/files/digest.h"
#include "common/files/local_file.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"

namespace cognate::files {

// Hashes by a thread of its own. Used by one thread.
class RunningHash {
 public:
  // Outlives it.
  explicit RunningHash(const LocalFile& file);
  ~RunningHash();

  // These are the content's bytes from `offset` on. They must stay as they are until Await. Whatever of them
  // is hashed already is left out, and what lies between is read from the file.
  void Add(int64_t offset, const std::string& bytes);
  void Await(const std::string& bytes);
  // Of the whole content.
  absl::StatusOr<std::string> Finish();

 private:
  struct Piece {
    int64_t offset = 0;
    const std::string* bytes = nullptr;
  };
  void Run();
  absl::Status Hash(const Piece& piece);
  absl::Status ReadUntil(int64_t offset);

  const LocalFile& file_;
  Digest digest_;
  int64_t hashed_ = 0;
  Mutex mutex_;
  CondVar changed_;
  Piece next_ ABSL_GUARDED_BY(mutex_);
  Piece current_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Worker> worker_;  // Last: it uses the rest. null once it has ended.
};

}  // namespace cognate::files
