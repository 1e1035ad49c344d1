#pragma once

#include <cstdint>
#include <string>

#include "common/s3/client.h"
#include "common/sync/mutex.h"
#include "services/file_transfer/blob_store.h"

namespace cognate::file_transfer {

// An object, read in windows that grow as long as they are read one behind the other: a content from its
// beginning to its end costs few requests, a look into it costs little. Thread safe.
class S3Reader final : public BlobReader {
 public:
  // `client` outlives it.
  S3Reader(s3::Client& client, std::string key, int64_t size)
      : client_(client), key_(std::move(key)), size_(size) {}

  absl::StatusOr<size_t> ReadAt(int64_t offset, char* buffer, size_t size) override;

 private:
  absl::Status Fetch(int64_t offset, int64_t wanted) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  s3::Client& client_;
  const std::string key_;
  const int64_t size_;
  Mutex mutex_;
  std::string window_ ABSL_GUARDED_BY(mutex_);
  int64_t window_offset_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_window_ ABSL_GUARDED_BY(mutex_) = 0;  // bytes
};

// Bytes from `offset` on, `size` of them, or as many as there are.
absl::StatusOr<std::string> ReadObject(s3::Client& client, absl::string_view key, int64_t offset,
                                       int64_t size);

}  // namespace cognate::file_transfer
