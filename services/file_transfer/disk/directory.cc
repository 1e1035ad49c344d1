#include "services/file_transfer/disk/directory.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/disk/file.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

absl::Status MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return StoreErrno(errno, path);
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeDirectories(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return StoreErrno(error.value(), directory);
  for (const char* below : {"/packs", "/blobs", "/uploads"})
    RETURN_IF_ERROR(MakeDirectory(absl::StrCat(directory, below)));
  for (int first = 0; first < 256; ++first)
    RETURN_IF_ERROR(MakeDirectory(absl::StrFormat("%s/blobs/%02x", directory, first)));
  RETURN_IF_ERROR(SyncDirectory(absl::StrCat(directory, "/blobs")));
  return SyncDirectory(directory);
}

absl::StatusOr<std::string> ReadStoreId(const std::string& directory) {
  const absl::StatusOr<File> file = File::Open(absl::StrCat(directory, "/store-id"), O_RDONLY);
  if (absl::IsNotFound(file.status())) return "";
  if (!file.ok()) return file.status();
  std::array<char, 64> text = {};
  ASSIGN_OR_RETURN(const size_t size, file->ReadAt(0, text.data(), text.size()));
  return std::string(absl::StripAsciiWhitespace(absl::string_view(text.data(), size)));
}

// In one step: half of a store id would be another one's. Under a name of its own, because another process
// may write the same at this moment; what a crash leaves of it goes with the uploads that nobody knows.
absl::Status WriteStoreId(const std::string& directory, const Uuid& store_id) {
  const std::string partial = absl::StrCat(directory, "/uploads/", RandomHex(16));
  ASSIGN_OR_RETURN(const File file, File::Open(partial, O_WRONLY | O_CREAT | O_TRUNC));
  RETURN_IF_ERROR(file.WriteAt(0, absl::StrCat(store_id.ToString(), "\n")));
  RETURN_IF_ERROR(file.SyncData());
  if (std::rename(partial.c_str(), absl::StrCat(directory, "/store-id").c_str()) != 0)
    return StoreErrno(errno, partial);
  return SyncDirectory(directory);
}

absl::Status Unlink(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return StoreErrno(errno, path);
  return absl::OkStatus();
}

absl::Status ForEachFile(const std::string& directory, absl::Time before,
                         absl::FunctionRef<absl::Status(absl::string_view)> visit) {
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (const std::filesystem::directory_iterator end; !error && entry != end; entry.increment(error)) {
    struct stat found = {};
    if (lstat(entry->path().c_str(), &found) != 0 || !S_ISREG(found.st_mode)) continue;
    // Of the link, which may be younger than what is in it.
    if (absl::TimeFromTimespec(found.st_ctim) >= before) continue;
    RETURN_IF_ERROR(visit(entry->path().filename().string()));
  }
  return error ? StoreErrno(error.value(), directory) : absl::OkStatus();
}

}  // namespace cognate::file_transfer
