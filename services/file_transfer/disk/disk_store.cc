#include "services/file_transfer/disk/disk_store.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/disk/directory.h"
#include "services/file_transfer/disk/disk_partial.h"
#include "services/file_transfer/disk/squeeze.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/memory_reader.h"

namespace cognate::file_transfer {
namespace {

constexpr size_t kOpenPacks = 32;

}  // namespace

DiskStore::DiskStore(std::string directory, const Uuid& store_id, const Clock& clock)
    : directory_(std::move(directory)),
      packs_(directory_ + "/packs"),
      blobs_(directory_ + "/blobs"),
      uploads_(directory_ + "/uploads"),
      store_id_(store_id),
      writer_(packs_, clock) {}

absl::StatusOr<std::unique_ptr<DiskStore>> DiskStore::Open(const std::string& directory, const Uuid& store_id,
                                                           bool is_new, const Clock& clock) {
  ASSIGN_OR_RETURN(const std::string found, ReadStoreId(directory));
  if (!found.empty() && found != store_id.ToString()) {
    return StoreMismatch(directory,
                         "this is the file store of another database: give the one that belongs to it, or "
                         "an empty directory (--file-store)");
  }
  if (found.empty() && !is_new) {
    return StoreMismatch(directory,
                         "the database has files, and this directory is no file store: is its disk mounted? "
                         "(--file-store)");
  }
  RETURN_IF_ERROR(MakeDirectories(directory));
  if (found.empty()) RETURN_IF_ERROR(WriteStoreId(directory, store_id));
  return std::unique_ptr<DiskStore>(new DiskStore(directory, store_id, clock));
}

absl::Status DiskStore::Check() {
  ForgetRemovedPacks();
  ASSIGN_OR_RETURN(const std::string found, ReadStoreId(directory_));
  if (found != store_id_.ToString()) return StoreUnavailable(absl::StrCat(directory_, " is not mounted"));
  return absl::OkStatus();
}

// What the database names is not there: because it is damaged, or because nothing is there.
absl::Status DiskStore::Missing(absl::string_view what) {
  RETURN_IF_ERROR(Check());
  return absl::DataLossError(absl::StrCat(what, " is gone"));
}

absl::StatusOr<BlobStore::Packed> DiskStore::Pack(absl::Span<const absl::string_view> contents) {
  Packed packed;
  packed.places.reserve(contents.size());
  std::vector<std::string> squeezed(contents.size());
  std::vector<absl::string_view> pieces;
  pieces.reserve(contents.size());
  for (size_t i = 0; i < contents.size(); ++i) {
    BlobPlace place;
    place.is_compressed = Squeeze(contents[i], &squeezed[i]);
    pieces.push_back(place.is_compressed ? absl::string_view(squeezed[i]) : contents[i]);
    place.stored_bytes = static_cast<int64_t>(pieces.back().size());
    packed.places.push_back(std::move(place));
  }
  ASSIGN_OR_RETURN(PackWriter::Written written, writer_.Append(pieces));
  int64_t offset = written.offset;
  for (BlobPlace& place : packed.places) {
    place.pack = written.pack->number();
    place.offset = offset;
    offset += place.stored_bytes;
  }
  packed.hold = std::move(written.pack);
  return packed;
}

absl::StatusOr<std::unique_ptr<Partial>> DiskStore::OpenPartial(absl::string_view name,
                                                                int64_t committed_bytes) {
  return DiskPartial::Open(uploads_, name, committed_bytes);
}

absl::StatusOr<std::unique_ptr<BlobReader>> DiskStore::ReadPartial(absl::string_view name) {
  ASSIGN_OR_RETURN(File file, File::Open(absl::StrCat(uploads_, "/", name), O_RDONLY));
  return std::make_unique<FileReader>(std::move(file));
}

absl::Status DiskStore::RemovePartial(absl::string_view name) {
  return Unlink(absl::StrCat(uploads_, "/", name));
}

std::string DiskStore::BlobPath(absl::string_view blob) const {
  return absl::StrCat(blobs_, "/", blob.substr(0, 2), "/", blob);
}

absl::StatusOr<BlobPlace> DiskStore::Publish(Partial& partial, absl::string_view name,
                                             absl::string_view sha256) {
  BlobPlace place;
  place.stored_bytes = partial.size();
  place.blob = absl::StrCat(absl::BytesToHexString(sha256), "-", RandomHex(8));
  const std::string from = absl::StrCat(uploads_, "/", name);
  const std::string to = BlobPath(place.blob);
  if (link(from.c_str(), to.c_str()) != 0) {
    // Some file systems have no second names; then a crash before the row is there costs the upload.
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return StoreErrno(errno, to);
    if (std::rename(from.c_str(), to.c_str()) != 0) return StoreErrno(errno, to);
  }
  const absl::Status synced = SyncDirectory(absl::StrCat(blobs_, "/", place.blob.substr(0, 2)));
  if (!synced.ok()) {
    Unlink(to).IgnoreError();
    return synced;
  }
  return place;
}

absl::StatusOr<std::unique_ptr<BlobReader>> DiskStore::Open(const BlobPlace& place, int64_t size_bytes) {
  if (place.pack != 0 || place.blob.empty()) return OpenPiece(place, size_bytes);
  absl::StatusOr<File> file = File::Open(BlobPath(place.blob), O_RDONLY);
  if (absl::IsNotFound(file.status())) return Missing("its file");
  if (!file.ok()) return file.status();
  ASSIGN_OR_RETURN(const int64_t size, file->Size());
  if (size != size_bytes)
    return absl::DataLossError(absl::StrCat("its file has ", size, " bytes, not ", size_bytes));
  posix_fadvise(file->handle(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::make_unique<FileReader>(*std::move(file));
}

absl::StatusOr<std::unique_ptr<BlobReader>> DiskStore::OpenPiece(const BlobPlace& place, int64_t size_bytes) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const File> pack, OpenPack(place.pack));
  std::string piece(static_cast<size_t>(place.stored_bytes), '\0');
  ASSIGN_OR_RETURN(const size_t got, pack->ReadAt(place.offset, piece.data(), piece.size()));
  if (got < piece.size()) return absl::DataLossError("its pack is shorter than it was");
  if (place.is_compressed) {
    ASSIGN_OR_RETURN(piece, Unsqueeze(piece, size_bytes));
  } else if (static_cast<int64_t>(piece.size()) != size_bytes) {
    return absl::DataLossError("its piece of the pack has another size");
  }
  return std::make_unique<MemoryReader>(std::move(piece));
}

absl::StatusOr<std::shared_ptr<const File>> DiskStore::OpenPack(int64_t number) {
  {
    MutexLock lock(&mutex_);
    const auto open = std::find_if(open_packs_.begin(), open_packs_.end(),
                                   [&](const auto& entry) { return entry.first == number; });
    if (open != open_packs_.end()) {
      std::rotate(open, open + 1, open_packs_.end());
      return open_packs_.back().second;
    }
  }
  absl::StatusOr<File> file = File::Open(PackWriter::PathOf(packs_, number), O_RDONLY);
  if (absl::IsNotFound(file.status())) return Missing("its pack");
  if (!file.ok()) return file.status();
  auto shared = std::make_shared<const File>(*std::move(file));
  MutexLock lock(&mutex_);
  if (open_packs_.size() >= kOpenPacks) open_packs_.erase(open_packs_.begin());
  open_packs_.emplace_back(number, shared);
  return shared;
}

// Another process has removed them; as long as they are open here the disk has no room of them.
void DiskStore::ForgetRemovedPacks() {
  MutexLock lock(&mutex_);
  std::erase_if(open_packs_, [](const auto& entry) {
    struct stat found = {};
    return fstat(entry.second->handle(), &found) == 0 && found.st_nlink == 0;
  });
}

absl::Status DiskStore::Remove(const BlobPlace& place) {
  return place.blob.empty() ? absl::OkStatus() : Unlink(BlobPath(place.blob));
}

absl::StatusOr<std::vector<BlobStore::PackFile>> DiskStore::ListPacks(absl::FunctionRef<bool()> is_over) {
  std::vector<PackFile> packs;
  std::error_code error;
  std::filesystem::directory_iterator entry(packs_, error);
  for (const std::filesystem::directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (is_over()) return absl::CancelledError("nobody waits for the packs any more");
    const int64_t number = PackWriter::NumberOf(entry->path().filename().string());
    std::error_code gone;
    const auto size = static_cast<int64_t>(entry->file_size(gone));
    if (number == 0 || gone) continue;
    PackFile& pack = packs.emplace_back(PackFile{number, size});
    struct stat found = {};
    if (stat(PackWriter::EmptiedPathOf(packs_, number).c_str(), &found) == 0)
      pack.emptied_at = absl::TimeFromTimespec(found.st_mtim);
  }
  if (error) return StoreErrno(error.value(), packs_);
  return packs;
}

absl::StatusOr<std::shared_ptr<void>> DiskStore::HoldPack(int64_t number) {
  absl::StatusOr<File> file = File::Open(PackWriter::PathOf(packs_, number), O_RDWR);
  if (absl::IsNotFound(file.status())) return nullptr;
  if (!file.ok()) return file.status();
  ASSIGN_OR_RETURN(const bool is_locked, file->TryLock());
  if (!is_locked) return nullptr;
  return std::make_shared<File>(*std::move(file));
}

absl::Status DiskStore::SetEmptied(int64_t number) {
  const std::string path = PackWriter::EmptiedPathOf(packs_, number);
  ASSIGN_OR_RETURN(const File mark, File::Open(path, O_WRONLY | O_CREAT));
  if (futimens(mark.handle(), nullptr) != 0) return StoreErrno(errno, path);
  return SyncDirectory(packs_);
}

absl::Status DiskStore::RemovePack(int64_t number) {
  {
    MutexLock lock(&mutex_);
    std::erase_if(open_packs_, [&](const auto& entry) { return entry.first == number; });
  }
  // A pack without its mark is looked at again; a mark without its pack would stay.
  RETURN_IF_ERROR(Unlink(PackWriter::EmptiedPathOf(packs_, number)));
  return Unlink(PackWriter::PathOf(packs_, number));
}

absl::Status DiskStore::ForEachBlob(absl::Time before,
                                    absl::FunctionRef<absl::Status(absl::string_view)> visit) {
  for (int first = 0; first < 256; ++first)
    RETURN_IF_ERROR(ForEachFile(absl::StrFormat("%s/%02x", blobs_, first), before, visit));
  return absl::OkStatus();
}

absl::Status DiskStore::ForEachPartial(absl::Time before,
                                       absl::FunctionRef<absl::Status(absl::string_view)> visit) {
  return ForEachFile(uploads_, before, visit);
}

}  // namespace cognate::file_transfer
