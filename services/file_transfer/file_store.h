// The rows of stored contents.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/ids/uuid.h"
#include "common/postgres/pool.h"
#include "services/file_transfer/blob_store.h"

namespace cognate::file_transfer {

struct StoredFile {
  int64_t file_id = 0;
  std::string sha256;
  int64_t size_bytes = 0;
  std::optional<std::string> media_type;  // nullopt: nobody has looked yet.
  absl::Time created_at;
  absl::Time asked_at;
  BlobPlace place;
  bool is_damaged = false;
};

struct NewFile {
  std::string sha256;
  int64_t size_bytes = 0;
  std::optional<std::string> media_type;
  BlobPlace place;
};

// Thread safe.
class FileStore {
 public:
  explicit FileStore(postgres::Pool& pool) : pool_(pool) {}

  struct Identity {
    Uuid store_id;
    bool is_new = false;  // No content is stored yet.
  };
  // Which store belongs to this database; made on the first call.
  absl::StatusOr<Identity> StoreIdentity(absl::Time now);

  // As `sha256s`; damaged ones too.
  absl::StatusOr<std::vector<std::optional<StoredFile>>> Find(absl::Span<const std::string> sha256s);
  // Says that they were asked for. Answers those that are there still.
  absl::StatusOr<std::vector<int64_t>> Touch(absl::Span<const int64_t> file_ids, absl::Time now);

  // What is stored now under each hash, whose place is another one's where the content was stored already
  // and is whole. `files` have different hashes.
  // `also` is done in the same transaction, behind that; more than once where it has to be tried again.
  using Also = std::function<absl::Status(postgres::Transaction&)>;
  absl::StatusOr<std::vector<StoredFile>> Add(std::vector<NewFile> files, absl::Time now,
                                              const Also& also = nullptr);

  // By itself, where nothing is to be added.
  absl::Status Do(const Also& also);

  absl::Status SetMediaType(int64_t file_id, absl::string_view media_type);
  // Only where its place is still this one.
  absl::Status MarkDamaged(const StoredFile& file, absl::Time now);
  // It was found to be what it should be, after all.
  absl::Status MarkWhole(int64_t file_id);

  // Newest first, below `before_id`.
  absl::StatusOr<std::vector<StoredFile>> List(std::optional<int64_t> before_id, int limit);
  // By ascending number, above `after_id`.
  absl::StatusOr<std::vector<StoredFile>> Next(int64_t after_id, int limit);
  struct Totals {
    int64_t count = 0;
    int64_t bytes = 0;
    int64_t stored_bytes = 0;
  };
  absl::StatusOr<Totals> Count();

 private:
  postgres::Pool& pool_;
};

// For the other stores of this service: what a row of `files` says, in the order of kFileColumns.
extern const char kFileColumns[];
StoredFile FileFromRow(const postgres::Rows& rows, int row, int first_column = 0);

}  // namespace cognate::file_transfer
