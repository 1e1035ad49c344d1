#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace cognate::file_transfer {

// Contents up to this size share packs; larger ones have a blob of their own.
inline constexpr int64_t kPackedBytes = 64 << 10;

// Where a content's bytes are.
struct BlobPlace {
  int64_t pack = 0;  // Its number; 0: a blob of its own.
  int64_t offset = 0;
  int64_t stored_bytes = 0;
  bool is_compressed = false;
  std::string blob;  // Made anew for each writing, so that what is removed is never what was just written.
};

// The bytes of one content, for any number of threads.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  // How many of `size` bytes there were at `offset`: fewer only at the end. DATA_LOSS where the disk cannot
  // read them.
  virtual absl::StatusOr<size_t> ReadAt(int64_t offset, char* buffer, size_t size) = 0;
  // The file for the kernel to copy from; -1: none.
  virtual int file() const { return -1; }
};

// A content that is being written, by one owner in all processes at a time. Nobody reads it but its owner and
// `copy_upload`. It stays where it is until it is removed. Not thread safe.
class Partial : public BlobReader {
 public:
  virtual int64_t size() const = 0;
  virtual absl::Status Append(absl::string_view bytes) = 0;
  virtual absl::Status AppendFrom(BlobReader& from, int64_t offset, int64_t length) = 0;
  // What was appended survives whatever happens. After an error open it anew: what was not committed before
  // is gone.
  virtual absl::Status Sync() = 0;
};

// The bytes of contents, by places that somebody else remembers. RESOURCE_EXHAUSTED STORE_FULL and
// UNAVAILABLE STORE_UNAVAILABLE are answers of everything that writes. Thread safe.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Contents of at most kPackedBytes, by one synced write. Their pack is not removed as long as `hold` lives:
  // until the places are remembered.
  struct Packed {
    std::vector<BlobPlace> places;
    std::shared_ptr<void> hold;
  };
  virtual absl::StatusOr<Packed> Pack(absl::Span<const absl::string_view> contents) = 0;

  // Made, or found with at least `committed_bytes`, to which it is cut. `name`: `a-z 0-9`. ABORTED: another
  // process writes to it; DATA_LOSS: it has fewer bytes.
  virtual absl::StatusOr<std::unique_ptr<Partial>> OpenPartial(absl::string_view name,
                                                               int64_t committed_bytes) = 0;
  // For reading alone, whoever writes to it. NOT_FOUND.
  virtual absl::StatusOr<std::unique_ptr<BlobReader>> ReadPartial(absl::string_view name) = 0;
  virtual absl::Status RemovePartial(absl::string_view name) = 0;
  // Makes a blob of a synced partial, which may remain, and answers where it is.
  virtual absl::StatusOr<BlobPlace> Publish(Partial& partial, absl::string_view name,
                                            absl::string_view sha256) = 0;

  // DATA_LOSS: there is nothing, or what is there cannot be read.
  virtual absl::StatusOr<std::unique_ptr<BlobReader>> Open(const BlobPlace& place, int64_t size_bytes) = 0;

  // Of a blob; nothing happens to a place in a pack.
  virtual absl::Status Remove(const BlobPlace& place) = 0;

  struct PackFile {
    int64_t number = 0;
    int64_t size_bytes = 0;
    std::optional<absl::Time> emptied_at = {};
  };
  // CANCELLED as soon as `is_over` says so: there may be many.
  virtual absl::StatusOr<std::vector<PackFile>> ListPacks(absl::FunctionRef<bool()> is_over) = 0;
  // Nobody writes to it as long as what this answers lives. null: somebody does.
  virtual absl::StatusOr<std::shared_ptr<void>> HoldPack(int64_t number) = 0;
  // Nothing of it is anybody's from this moment on, and nothing comes into it any more. What it has stays.
  virtual absl::Status SetEmptied(int64_t number) = 0;
  virtual absl::Status RemovePack(int64_t number) = 0;

  // Names of blobs and partials that were last changed before.
  virtual absl::Status ForEachBlob(absl::Time before,
                                   absl::FunctionRef<absl::Status(absl::string_view)> visit) = 0;
  virtual absl::Status ForEachPartial(absl::Time before,
                                      absl::FunctionRef<absl::Status(absl::string_view)> visit) = 0;

  // OK while it is the store that was opened.
  virtual absl::Status Check() = 0;
};

}  // namespace cognate::file_transfer
