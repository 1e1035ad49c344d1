#include "services/file_transfer/disk/pack_writer.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

constexpr int64_t kFullBytes = 64 << 20;
constexpr char kExtension[] = ".pack";
constexpr char kEmptied[] = ".emptied";

}  // namespace

absl::Status Pack::Write(int64_t offset, absl::Span<const absl::string_view> pieces) {
  const absl::Status written = file_.WriteAt(offset, pieces);
  if (!written.ok()) failed_ = true;
  return written;
}

absl::Status Pack::Sync() {
  MutexLock lock(&mutex_);
  const int64_t mine = ++asked_;
  while (answered_ < mine) {
    if (is_syncing_) {
      synced_.Wait(&mutex_);
      continue;
    }
    is_syncing_ = true;
    const int64_t these = asked_;
    mutex_.Unlock();
    const absl::Status synced = file_.SyncData();
    mutex_.Lock();
    is_syncing_ = false;
    answered_ = these;
    // The kernel tells a failure once, and then what it had may be lost.
    if (!synced.ok()) {
      failure_ = synced;
      failed_ = true;
    }
    synced_.SignalAll();
  }
  return failure_;
}

std::string PackWriter::PathOf(const std::string& directory, int64_t number) {
  return absl::StrCat(directory, "/", number, kExtension);
}

std::string PackWriter::EmptiedPathOf(const std::string& directory, int64_t number) {
  return absl::StrCat(directory, "/", number, kEmptied);
}

int64_t PackWriter::NumberOf(absl::string_view file_name) {
  int64_t number = 0;
  if (!absl::ConsumeSuffix(&file_name, kExtension) || !absl::SimpleAtoi(file_name, &number)) return 0;
  return number > 0 ? number : 0;
}

absl::StatusOr<PackWriter::Written> PackWriter::Append(absl::Span<const absl::string_view> pieces) {
  int64_t bytes = 0;
  for (const absl::string_view piece : pieces) bytes += static_cast<int64_t>(piece.size());
  ASSIGN_OR_RETURN(Written written, Place(bytes));
  RETURN_IF_ERROR(written.pack->Write(written.offset, pieces));
  RETURN_IF_ERROR(written.pack->Sync());
  return written;
}

absl::StatusOr<PackWriter::Written> PackWriter::Place(int64_t bytes) {
  MutexLock lock(&mutex_);
  if (current_ == nullptr || current_->failed() || current_->size() >= kFullBytes) {
    current_ = nullptr;
    ASSIGN_OR_RETURN(current_, OpenPack());
  }
  return Written{current_, current_->Reserve(bytes)};
}

absl::StatusOr<std::shared_ptr<Pack>> PackWriter::OpenPack() {
  ASSIGN_OR_RETURN(std::shared_ptr<Pack> adopted, AdoptPack());
  if (adopted != nullptr) return adopted;
  for (int64_t number = absl::ToUnixMicros(clock_.Now());; ++number) {
    absl::StatusOr<File> file = File::Open(PathOf(directory_, number), O_RDWR | O_CREAT | O_EXCL);
    if (absl::IsAlreadyExists(file.status())) continue;
    if (absl::IsNotFound(file.status())) return StoreErrno(ENOENT, directory_);
    if (!file.ok()) return file.status();
    // Another process may have adopted it in between.
    ASSIGN_OR_RETURN(const bool is_locked, file->TryLock());
    if (!is_locked) continue;
    RETURN_IF_ERROR(SyncDirectory(directory_));
    return std::make_shared<Pack>(number, *std::move(file), 0);
  }
}

absl::StatusOr<std::shared_ptr<Pack>> PackWriter::AdoptPack() {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory_, error), end; !error && entry != end;
       entry.increment(error)) {
    const int64_t number = NumberOf(entry->path().filename().string());
    std::error_code gone;
    if (number == 0 || static_cast<int64_t>(entry->file_size(gone)) >= kFullBytes || gone) continue;
    absl::StatusOr<File> file = File::Open(entry->path().string(), O_RDWR);
    if (!file.ok()) continue;
    ASSIGN_OR_RETURN(const bool is_locked, file->TryLock());
    if (!is_locked) continue;
    // It may have been removed since it was opened.
    if (!std::filesystem::exists(entry->path(), gone)) continue;
    if (std::filesystem::exists(EmptiedPathOf(directory_, number), gone) || gone) continue;
    ASSIGN_OR_RETURN(const int64_t size, file->Size());
    return std::make_shared<Pack>(number, *std::move(file), size);
  }
  return nullptr;
}

}  // namespace cognate::file_transfer
