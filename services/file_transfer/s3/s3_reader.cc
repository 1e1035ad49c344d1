#include "services/file_transfer/s3/s3_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/status/status_macros.h"
#include "services/file_transfer/s3/s3_errors.h"

namespace cognate::file_transfer {
namespace {

constexpr int64_t kFirstWindow = 256 << 10;
constexpr int64_t kMaxWindow = 4 << 20;

}  // namespace

absl::StatusOr<std::string> ReadObject(s3::Client& client, absl::string_view key, int64_t offset,
                                       int64_t size) {
  std::string bytes;
  bytes.reserve(static_cast<size_t>(size));
  RETURN_IF_ERROR(FromS3Read(client.Get(key, offset, size, [&](absl::string_view data) {
    bytes.append(data.data(), data.size());
    return true;
  })));
  return bytes;
}

absl::Status S3Reader::Fetch(int64_t offset, int64_t wanted) {
  const bool goes_on = offset == window_offset_ + static_cast<int64_t>(window_.size());
  next_window_ = goes_on ? std::min(std::max(next_window_ * 2, kFirstWindow), kMaxWindow) : kFirstWindow;
  const int64_t size = std::min(std::max(next_window_, wanted), size_ - offset);
  window_.clear();
  window_offset_ = offset;
  ASSIGN_OR_RETURN(window_, ReadObject(client_, key_, offset, size));
  return absl::OkStatus();
}

absl::StatusOr<size_t> S3Reader::ReadAt(int64_t offset, char* buffer, size_t size) {
  if (offset >= size_ || size == 0) return 0;
  const int64_t wanted = std::min(static_cast<int64_t>(size), size_ - offset);
  MutexLock lock(&mutex_);
  int64_t done = 0;
  while (done < wanted) {
    const int64_t at = offset + done - window_offset_;
    const auto have = static_cast<int64_t>(window_.size());
    if (at < 0 || at >= have) {
      RETURN_IF_ERROR(Fetch(offset + done, wanted - done));
      if (window_.empty()) break;
      continue;
    }
    const int64_t piece = std::min(wanted - done, have - at);
    std::memcpy(buffer + done, window_.data() + at, static_cast<size_t>(piece));
    done += piece;
  }
  return static_cast<size_t>(done);
}

}  // namespace cognate::file_transfer
