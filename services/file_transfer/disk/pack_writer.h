// Appends small contents to packs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "services/file_transfer/disk/file.h"

namespace cognate::file_transfer {

// One pack, locked against every other process as long as this lives. Callers that want it synced at the
// same time share a sync. Thread safe.
class Pack {
 public:
  Pack(int64_t number, File file, int64_t size) : number_(number), file_(std::move(file)), size_(size) {}

  int64_t number() const { return number_; }
  int64_t size() const { return size_; }
  // Nothing more goes into it.
  bool failed() const { return failed_; }
  // Gives room at its end.
  int64_t Reserve(int64_t bytes) { return size_.fetch_add(bytes); }
  absl::Status Write(int64_t offset, absl::Span<const absl::string_view> pieces);
  absl::Status Sync();

 private:
  const int64_t number_;
  const File file_;
  std::atomic<int64_t> size_;
  std::atomic<bool> failed_ = false;
  Mutex mutex_;
  CondVar synced_;
  int64_t asked_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t answered_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_syncing_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

// Thread safe.
class PackWriter {
 public:
  PackWriter(std::string directory, const Clock& clock) : directory_(std::move(directory)), clock_(clock) {}

  struct Written {
    std::shared_ptr<Pack> pack;
    int64_t offset = 0;  // Of the first piece; the others follow it.
  };
  // Synced when it answers.
  absl::StatusOr<Written> Append(absl::Span<const absl::string_view> pieces);

  static std::string PathOf(const std::string& directory, int64_t number);
  // Of what says that nothing more comes into the pack.
  static std::string EmptiedPathOf(const std::string& directory, int64_t number);
  // 0 where a file's name is not that of a pack.
  static int64_t NumberOf(absl::string_view file_name);

 private:
  absl::StatusOr<Written> Place(int64_t bytes);
  // A pack that another process left with room in it, or a new one.
  absl::StatusOr<std::shared_ptr<Pack>> OpenPack();
  absl::StatusOr<std::shared_ptr<Pack>> AdoptPack();

  const std::string directory_;
  const Clock& clock_;
  Mutex mutex_;
  std::shared_ptr<Pack> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer
