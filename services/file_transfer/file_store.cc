#include "services/file_transfer/file_store.h"

#include <algorithm>
#include <limits>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/files/chunker.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {

const char kFileColumns[] =
    "f.file_id, f.sha256, f.size_bytes, f.media_type, f.created_at, f.asked_at, f.pack, f.pack_offset, "
    "f.stored_bytes, f.is_compressed, f.blob, f.damaged_at IS NOT NULL";

namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kMakeStoreId = {"make_store_id", R"sql(
    INSERT INTO store (store_id) VALUES ($1) ON CONFLICT DO NOTHING
)sql"};

const Statement kSelectStoreId = {"select_store_id", R"sql(
    SELECT store_id, NOT EXISTS (SELECT 1 FROM files) FROM store
)sql"};

const Statement kFindFiles = {"find_files", absl::StrCat("SELECT ", kFileColumns, R"sql(
    FROM unnest($1::bytea[]) WITH ORDINALITY AS wanted (sha256, place)
    LEFT JOIN LATERAL (SELECT * FROM files WHERE files.sha256 = wanted.sha256 LIMIT 1) f ON true
    ORDER BY wanted.place
)sql")};

const Statement kTouchFiles = {"touch_files", R"sql(
    UPDATE files SET asked_at = GREATEST(asked_at, $2)
    WHERE file_id IN (SELECT file_id FROM files WHERE file_id = ANY ($1::bigint[]) ORDER BY file_id
                      FOR NO KEY UPDATE)
    RETURNING file_id
)sql"};

// In the order of the hashes, or two batches would wait for each other. A damaged one gets the new place.
const Statement kAddFiles = {"add_files", absl::StrCat(R"sql(
    INSERT INTO files AS f (sha256, size_bytes, media_type, created_at, asked_at, pack, pack_offset, stored_bytes,
                            is_compressed, blob, is_chunked)
    SELECT sha256, size_bytes, media_type, $9, $9, pack, pack_offset, stored_bytes, is_compressed, blob,
           CASE WHEN size_bytes > $10 THEN false END
    FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::boolean[],
                $8::text[])
         AS new (sha256, size_bytes, media_type, pack, pack_offset, stored_bytes, is_compressed, blob)
    ORDER BY sha256
    ON CONFLICT (sha256) DO UPDATE
    SET asked_at = GREATEST(f.asked_at, excluded.asked_at),
        media_type = COALESCE(f.media_type, excluded.media_type),
        pack = CASE WHEN f.damaged_at IS NULL THEN f.pack ELSE excluded.pack END,
        pack_offset = CASE WHEN f.damaged_at IS NULL THEN f.pack_offset ELSE excluded.pack_offset END,
        stored_bytes = CASE WHEN f.damaged_at IS NULL THEN f.stored_bytes ELSE excluded.stored_bytes END,
        is_compressed = CASE WHEN f.damaged_at IS NULL THEN f.is_compressed ELSE excluded.is_compressed END,
        blob = CASE WHEN f.damaged_at IS NULL THEN f.blob ELSE excluded.blob END,
        damaged_at = NULL
    RETURNING )sql",
                                                       kFileColumns)};

const Statement kSetMediaType = {"set_media_type", R"sql(
    UPDATE files SET media_type = $2 WHERE file_id = $1
)sql"};

const Statement kMarkDamaged = {"mark_damaged", R"sql(
    UPDATE files SET damaged_at = COALESCE(damaged_at, $5)
    WHERE file_id = $1 AND pack = $2 AND pack_offset = $3 AND blob = $4
)sql"};

const Statement kMarkWhole = {"mark_whole", R"sql(
    UPDATE files SET damaged_at = NULL WHERE file_id = $1
)sql"};

const Statement kListFiles = {"list_files", absl::StrCat("SELECT ", kFileColumns, R"sql(
    FROM files f WHERE f.file_id < $1 ORDER BY f.file_id DESC LIMIT $2
)sql")};

const Statement kNextFiles = {"next_files", absl::StrCat("SELECT ", kFileColumns, R"sql(
    FROM files f WHERE f.file_id > $1 ORDER BY f.file_id LIMIT $2
)sql")};

const Statement kCountFiles = {"count_files", R"sql(
    SELECT count(*), COALESCE(sum(size_bytes), 0)::bigint, COALESCE(sum(stored_bytes), 0)::bigint FROM files
)sql"};

std::vector<StoredFile> FilesFromRows(const Rows& rows) {
  std::vector<StoredFile> files;
  for (int row = 0; row < rows.size(); ++row) files.push_back(FileFromRow(rows, row));
  return files;
}

// The columns of new files, as arrays.
struct Columns {
  explicit Columns(absl::Span<const NewFile> files) {
    for (const NewFile& file : files) {
      sha256s.push_back(file.sha256);
      sizes.push_back(file.size_bytes);
      media_types.push_back(file.media_type ? std::optional<absl::string_view>(*file.media_type)
                                            : std::nullopt);
      packs.push_back(file.place.pack);
      offsets.push_back(file.place.offset);
      stored.push_back(file.place.stored_bytes);
      compressed.push_back(file.place.is_compressed);
      blobs.push_back(file.place.blob);
    }
  }

  Params Parameters() const {
    Params params;
    params.AddByteaArray(absl::MakeConstSpan(sha256s))
        .AddInt64Array(absl::MakeConstSpan(sizes))
        .AddTextArray(absl::MakeConstSpan(media_types))
        .AddInt64Array(absl::MakeConstSpan(packs))
        .AddInt64Array(absl::MakeConstSpan(offsets))
        .AddInt64Array(absl::MakeConstSpan(stored))
        .AddBoolArray(compressed)
        .AddTextArray(absl::MakeConstSpan(blobs));
    return params;
  }

  std::vector<absl::string_view> sha256s, blobs;
  std::vector<std::optional<absl::string_view>> media_types;
  std::vector<int64_t> sizes, packs, offsets, stored;
  std::vector<bool> compressed;
};

}  // namespace

StoredFile FileFromRow(const Rows& rows, int row, int first_column) {
  int column = first_column;
  StoredFile file;
  file.file_id = rows.GetInt64(row, column++);
  file.sha256 = std::string(rows.GetBytes(row, column++));
  file.size_bytes = rows.GetInt64(row, column++);
  if (!rows.IsNull(row, column)) file.media_type = std::string(rows.GetText(row, column));
  ++column;
  file.created_at = rows.GetTimestamp(row, column++);
  file.asked_at = rows.GetTimestamp(row, column++);
  file.place.pack = rows.GetInt64(row, column++);
  file.place.offset = rows.GetInt64(row, column++);
  file.place.stored_bytes = rows.GetInt64(row, column++);
  file.place.is_compressed = rows.GetBool(row, column++);
  file.place.blob = std::string(rows.GetText(row, column++));
  file.is_damaged = rows.GetBool(row, column);
  return file;
}

absl::StatusOr<FileStore::Identity> FileStore::StoreIdentity(absl::Time now) {
  Identity identity;
  RETURN_IF_ERROR(pool_.InTransaction("store_identity", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Query(kMakeStoreId, Params().AddUuid(Uuid::V7(now))).status());
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectStoreId));
    identity = {rows.GetUuid(0, 0), rows.GetBool(0, 1)};
    return absl::OkStatus();
  }));
  return identity;
}

absl::StatusOr<std::vector<std::optional<StoredFile>>> FileStore::Find(
    absl::Span<const std::string> sha256s) {
  std::vector<std::optional<StoredFile>> found(sha256s.size());
  if (sha256s.empty()) return found;
  RETURN_IF_ERROR(pool_.Run("find_files", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindFiles, Params().AddByteaArray(sha256s)));
    for (int row = 0; row < rows.size(); ++row) {
      if (!rows.IsNull(row, 0)) found[static_cast<size_t>(row)] = FileFromRow(rows, row);
    }
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::vector<int64_t>> FileStore::Touch(absl::Span<const int64_t> file_ids, absl::Time now) {
  std::vector<int64_t> touched;
  RETURN_IF_ERROR(pool_.InTransactionWithRetry("touch_files", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(kTouchFiles, Params().AddInt64Array(file_ids).AddTimestamp(now)));
    touched.clear();
    for (int row = 0; row < rows.size(); ++row) touched.push_back(rows.GetInt64(row, 0));
    return absl::OkStatus();
  }));
  return touched;
}

absl::StatusOr<std::vector<StoredFile>> FileStore::Add(std::vector<NewFile> files, absl::Time now,
                                                       const Also& also) {
  const Columns columns(files);
  absl::flat_hash_map<std::string, StoredFile> by_hash;
  RETURN_IF_ERROR(pool_.InTransactionWithRetry("add_files", [&](Transaction& transaction) -> absl::Status {
    Params params = columns.Parameters();
    params.AddTimestamp(now).AddInt64(files::kUncutBytes);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kAddFiles, params));
    for (int row = 0; row < rows.size(); ++row) {
      StoredFile file = FileFromRow(rows, row);
      by_hash[file.sha256] = std::move(file);
    }
    return also ? also(transaction) : absl::OkStatus();
  }));
  std::vector<StoredFile> stored;
  for (const NewFile& file : files) stored.push_back(std::move(by_hash[file.sha256]));
  return stored;
}

absl::Status FileStore::Do(const Also& also) { return pool_.InTransactionWithRetry("store_file", also); }

absl::Status FileStore::SetMediaType(int64_t file_id, absl::string_view media_type) {
  return pool_.Run("set_media_type", [&](Transaction& transaction) {
    return transaction.Query(kSetMediaType, Params().AddInt64(file_id).AddText(media_type)).status();
  });
}

absl::Status FileStore::MarkDamaged(const StoredFile& file, absl::Time now) {
  return pool_.Run("mark_damaged", [&](Transaction& transaction) {
    Params params;
    params.AddInt64(file.file_id).AddInt64(file.place.pack).AddInt64(file.place.offset);
    params.AddText(file.place.blob).AddTimestamp(now);
    return transaction.Query(kMarkDamaged, params).status();
  });
}

absl::Status FileStore::MarkWhole(int64_t file_id) {
  return pool_.Run("mark_whole", [&](Transaction& transaction) {
    return transaction.Query(kMarkWhole, Params().AddInt64(file_id)).status();
  });
}

absl::StatusOr<std::vector<StoredFile>> FileStore::List(std::optional<int64_t> before_id, int limit) {
  std::vector<StoredFile> files;
  RETURN_IF_ERROR(pool_.Run("list_files", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddInt64(before_id.value_or(std::numeric_limits<int64_t>::max())).AddInt64(limit);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kListFiles, params));
    files = FilesFromRows(rows);
    return absl::OkStatus();
  }));
  return files;
}

absl::StatusOr<std::vector<StoredFile>> FileStore::Next(int64_t after_id, int limit) {
  std::vector<StoredFile> files;
  RETURN_IF_ERROR(pool_.Run("next_files", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(kNextFiles, Params().AddInt64(after_id).AddInt64(limit)));
    files = FilesFromRows(rows);
    return absl::OkStatus();
  }));
  return files;
}

absl::StatusOr<FileStore::Totals> FileStore::Count() {
  Totals totals;
  RETURN_IF_ERROR(pool_.Run("count_files", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCountFiles));
    totals = {rows.GetInt64(0, 0), rows.GetInt64(0, 1), rows.GetInt64(0, 2)};
    return absl::OkStatus();
  }));
  return totals;
}

}  // namespace cognate::file_transfer
