#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/file.pb.h"
#include "common/clock/clock.h"
#include "services/file_transfer/blob_store.h"
#include "services/file_transfer/byte_budget.h"
#include "services/file_transfer/file_store.h"
#include "services/file_transfer/media_types.h"

namespace cognate::file_transfer {

// Contents that are stored: where they are (Postgres) and their bytes (a BlobStore). Each content once. A
// content that was found damaged counts as not stored, until it is stored anew. Thread safe.
class Contents {
 public:
  // All outlive it.
  Contents(FileStore& files, BlobStore& blobs, MediaTypes& media_types, ByteBudget& memory,
           const Clock& clock)
      : files_(files), blobs_(blobs), media_types_(media_types), memory_(memory), clock_(clock) {}

  // Which are stored, as `sha256s`; those get a lease of an hour. Their media type only where somebody has
  // looked already.
  absl::StatusOr<std::vector<std::optional<v1::File>>> Find(absl::Span<const std::string> sha256s);
  // The same, for who reads them at once.
  absl::StatusOr<std::vector<std::optional<StoredFile>>> FindStored(absl::Span<const std::string> sha256s);
  // Looks what it is, if nobody has.
  absl::Status FillMediaType(v1::File* file);

  struct Small {
    absl::string_view sha256;
    absl::string_view data;
  };
  // One status for each: DATA_LOSS FILE_DAMAGED where the data has another hash. One synced write and one
  // statement for all that are small.
  absl::StatusOr<std::vector<absl::Status>> PutSmall(absl::Span<const Small> files);

  // Stores what `next` gives until it gives nothing. Bounded memory. The hash is found on the way.
  absl::StatusOr<v1::File> Put(absl::FunctionRef<absl::StatusOr<absl::string_view>()> next);

  // Stores what a synced partial holds, whose hash this is, and does `also` in the transaction that makes it
  // a stored one. The partial is removed by its owner afterwards.
  absl::StatusOr<v1::File> PutPartial(Partial& partial, absl::string_view name, const std::string& sha256,
                                      const FileStore::Also& also = nullptr);

  // Gives pieces of at most 256 KiB until `limit` (-1: the end), or until `take` says no. NOT_FOUND
  // FILE_NOT_FOUND; OUT_OF_RANGE where `offset` is behind the end; DATA_LOSS FILE_DAMAGED, where all of it
  // was read also when only its hash is wrong: `take` has had the pieces by then.
  absl::Status Read(absl::string_view sha256, int64_t offset, int64_t limit,
                    absl::FunctionRef<bool(absl::string_view)> take);
  // Of which the row is known.
  absl::Status Read(StoredFile file, int64_t offset, int64_t limit,
                    absl::FunctionRef<bool(absl::string_view)> take);

  // No collection takes it before.
  absl::Status KeepUntil(const std::string& sha256, absl::Time time);

  // For a copy of a part of it, which nobody compares with the hash.
  struct Opened {
    std::shared_ptr<BlobReader> reader;
    int64_t size_bytes = 0;
  };
  absl::StatusOr<Opened> Open(const std::string& sha256);

  // Reads all of it: OK, DATA_LOSS FILE_DAMAGED, or why that cannot be told now. Then it is not changed.
  // CANCELLED as soon as `is_over` says so.
  absl::Status Verify(const StoredFile& file, absl::FunctionRef<bool()> is_over);
  // From now on it counts as not stored. Answers FILE_DAMAGED.
  absl::Status Damaged(const StoredFile& file, absl::string_view what);

 private:
  absl::StatusOr<StoredFile> FindOne(const std::string& sha256);
  absl::StatusOr<std::unique_ptr<BlobReader>> OpenStored(StoredFile* file);
  absl::StatusOr<std::unique_ptr<BlobReader>> OpenPlace(const StoredFile& file);
  absl::Status ReadSmall(const StoredFile& file, BlobReader& reader, int64_t offset, int64_t end,
                         absl::FunctionRef<bool(absl::string_view)> take);
  absl::Status Make(absl::Span<const Small> files, std::vector<NewFile>* made, std::shared_ptr<void>* hold);
  absl::Status Pack(absl::Span<const Small> files, std::vector<NewFile>* made, std::shared_ptr<void>* hold);
  absl::StatusOr<NewFile> WriteBlob(const Small& file);
  // Remembers them. What another one has stored meanwhile is removed again.
  absl::StatusOr<std::vector<StoredFile>> Add(std::vector<NewFile> files,
                                              const FileStore::Also& also = nullptr);

  FileStore& files_;
  BlobStore& blobs_;
  MediaTypes& media_types_;
  ByteBudget& memory_;
  const Clock& clock_;
};

v1::File ToFile(const StoredFile& file);
// A name for a partial that nobody else has.
std::string NewPartialName();

}  // namespace cognate::file_transfer
