#include "common/files/running_hash.h"

#include <algorithm>
#include <utility>

#include "common/status/status_macros.h"

namespace cognate::files {
namespace {

constexpr int64_t kReadBytes = 1 << 20;

}  // namespace

RunningHash::RunningHash(const LocalFile& file)
    : file_(file), worker_(std::make_unique<Worker>("hash", [this](StopToken&) { Run(); })) {}

RunningHash::~RunningHash() {
  {
    MutexLock lock(&mutex_);
    closed_ = true;
    changed_.SignalAll();
  }
  worker_.reset();
}

void RunningHash::Add(int64_t offset, const std::string& bytes) {
  MutexLock lock(&mutex_);
  while (next_.bytes != nullptr) changed_.Wait(&mutex_);
  next_ = {offset, &bytes};
  changed_.SignalAll();
}

void RunningHash::Await(const std::string& bytes) {
  MutexLock lock(&mutex_);
  while (next_.bytes == &bytes || current_.bytes == &bytes) changed_.Wait(&mutex_);
}

absl::StatusOr<std::string> RunningHash::Finish() {
  {
    MutexLock lock(&mutex_);
    while (next_.bytes != nullptr || current_.bytes != nullptr) changed_.Wait(&mutex_);
    RETURN_IF_ERROR(status_);
  }
  RETURN_IF_ERROR(ReadUntil(file_.size()));
  hashed_ = 0;
  return digest_.Finish();
}

void RunningHash::Run() {
  MutexLock lock(&mutex_);
  for (;;) {
    while (next_.bytes == nullptr && !closed_) changed_.Wait(&mutex_);
    if (next_.bytes == nullptr) return;
    current_ = std::exchange(next_, {});
    changed_.SignalAll();
    const Piece piece = current_;
    mutex_.Unlock();
    const absl::Status status = Hash(piece);
    mutex_.Lock();
    if (status_.ok()) status_ = status;
    current_ = {};
    changed_.SignalAll();
  }
}

absl::Status RunningHash::Hash(const Piece& piece) {
  RETURN_IF_ERROR(ReadUntil(piece.offset));
  const int64_t end = piece.offset + static_cast<int64_t>(piece.bytes->size());
  if (end <= hashed_) return absl::OkStatus();
  digest_.Add(absl::string_view(*piece.bytes).substr(static_cast<size_t>(hashed_ - piece.offset)));
  hashed_ = end;
  return absl::OkStatus();
}

absl::Status RunningHash::ReadUntil(int64_t offset) {
  std::string bytes;
  while (hashed_ < offset) {
    RETURN_IF_ERROR(file_.ReadAt(hashed_, std::min(kReadBytes, offset - hashed_), &bytes));
    digest_.Add(bytes);
    hashed_ += static_cast<int64_t>(bytes.size());
  }
  return absl::OkStatus();
}

}  // namespace cognate::files
