#include "services/file_transfer/collect_store.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kAreFor = {"files_are_for", R"sql(
    SELECT found.one IS NOT NULL
    FROM unnest($2::bytea[]) WITH ORDINALITY AS wanted (sha256, place)
    LEFT JOIN LATERAL (SELECT 1 AS one FROM placements p
                       WHERE p.sha256 = wanted.sha256 AND p.platform = $1 LIMIT 1) found ON true
    ORDER BY wanted.place
)sql"};

const Statement kCountBindings = {"count_bindings", R"sql(
    SELECT (SELECT count(*) FROM bindings b WHERE b.sha256 = wanted.sha256)
         + (SELECT count(*) FROM links l
            JOIN bindings b ON b.link_platform = l.platform AND b.link_path = l.path
            WHERE l.sha256 = wanted.sha256)
    FROM unnest($1::bytea[]) WITH ORDINALITY AS wanted (sha256, place)
    ORDER BY wanted.place
)sql"};

// Of all files `f`. LATERAL with LIMIT: no plan of it reads the other tables whole for a page of this one.
constexpr char kUnused[] = R"sql(
    LEFT JOIN LATERAL (SELECT 1 AS one FROM bindings b WHERE b.sha256 = f.sha256 LIMIT 1) bound ON true
    LEFT JOIN LATERAL (SELECT 1 AS one FROM placements p WHERE p.sha256 = f.sha256 LIMIT 1) placed ON true
    LEFT JOIN LATERAL (SELECT 1 AS one FROM links l WHERE l.sha256 = f.sha256 LIMIT 1) linked ON true
    WHERE f.asked_at < $1
    -- Until then somebody may repair it from where it lies.
    AND (f.damaged_at IS NULL OR f.damaged_at < $1 - interval '7 days')
    AND bound.one IS NULL AND placed.one IS NULL AND linked.one IS NULL
)sql";

const Statement kCountUnused = {
    "count_unused",
    absl::StrCat("SELECT count(*), COALESCE(sum(f.stored_bytes), 0)::bigint FROM files f ", kUnused)};

const Statement kEndOfPage = {"end_of_files_page", R"sql(
    SELECT max(file_id) FROM (SELECT file_id FROM files WHERE file_id > $1 ORDER BY file_id LIMIT $2) page
)sql"};

// Asked for meanwhile: the row has changed, its lock shows it, and it stays.
const Statement kForgetUnused = {"forget_unused", absl::StrCat(R"sql(
    DELETE FROM files f USING (SELECT f.file_id FROM files f )sql",
                                                               kUnused, R"sql(
                               AND f.file_id > $2 AND f.file_id <= $3) unused
    WHERE f.file_id = unused.file_id AND f.asked_at < $1
    RETURNING )sql",
                                                               kFileColumns)};

const Statement kFilesOfPack = {"files_of_pack", absl::StrCat("SELECT ", kFileColumns, R"sql(
    FROM files f WHERE f.pack = $1 AND f.pack <> 0 ORDER BY f.pack_offset
)sql")};

const Statement kUsedBytes = {"used_bytes_of_pack", R"sql(
    SELECT COALESCE(sum(stored_bytes), 0)::bigint FROM files WHERE pack = $1 AND pack <> 0
)sql"};

const Statement kUsedBytesOfPacks = {"used_bytes_of_packs", R"sql(
    SELECT pack, sum(stored_bytes)::bigint FROM files WHERE pack <> 0 GROUP BY pack
)sql"};

// One that nobody knew is due after its time, not at once.
const Statement kMakeChore = {"make_chore", R"sql(
    INSERT INTO chores (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
)sql"};

const Statement kTakeChore = {"take_chore", R"sql(
    UPDATE chores SET due_at = $3 WHERE name = $1 AND due_at <= $2
)sql"};

const Statement kMoveFiles = {"move_files", R"sql(
    UPDATE files f
    SET pack = t.to_pack, pack_offset = t.to_offset, stored_bytes = t.stored_bytes, is_compressed = t.is_compressed
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::boolean[])
         AS t (file_id, from_pack, from_offset, to_pack, to_offset, stored_bytes, is_compressed)
    WHERE f.file_id = t.file_id AND f.pack = t.from_pack AND f.pack_offset = t.from_offset
)sql"};

const Statement kKnownBlobs = {"known_blobs", R"sql(
    SELECT blob FROM files WHERE sha256 = ANY ($1::bytea[]) AND blob = ANY ($2::text[])
)sql"};

}  // namespace

absl::StatusOr<std::vector<bool>> CollectStore::AreFor(absl::string_view platform,
                                                       absl::Span<const std::string> sha256s) {
  std::vector<bool> are(sha256s.size(), false);
  if (sha256s.empty()) return are;
  RETURN_IF_ERROR(pool_.Run("files_are_for", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(kAreFor, Params().AddText(platform).AddByteaArray(sha256s)));
    for (int row = 0; row < rows.size(); ++row) are[static_cast<size_t>(row)] = rows.GetBool(row, 0);
    return absl::OkStatus();
  }));
  return are;
}

absl::StatusOr<std::vector<int64_t>> CollectStore::CountBindings(absl::Span<const std::string> sha256s) {
  std::vector<int64_t> counts;
  RETURN_IF_ERROR(pool_.Run("count_bindings", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCountBindings, Params().AddByteaArray(sha256s)));
    for (int row = 0; row < rows.size(); ++row) counts.push_back(rows.GetInt64(row, 0));
    return absl::OkStatus();
  }));
  return counts;
}

absl::StatusOr<CollectStore::Unused> CollectStore::CountUnused(absl::Time asked_before) {
  Unused unused;
  RETURN_IF_ERROR(pool_.Run("count_unused", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCountUnused, Params().AddTimestamp(asked_before)));
    unused = {rows.GetInt64(0, 0), rows.GetInt64(0, 1)};
    return absl::OkStatus();
  }));
  return unused;
}

absl::StatusOr<std::optional<std::vector<StoredFile>>> CollectStore::ForgetUnused(absl::Time asked_before,
                                                                                  int page_size,
                                                                                  int64_t* after_id) {
  std::optional<std::vector<StoredFile>> forgotten;
  int64_t end = 0;
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("forget_unused", [&](Transaction& transaction) -> absl::Status {
        forgotten.reset();
        ASSIGN_OR_RETURN(const Rows page,
                         transaction.Query(kEndOfPage, Params().AddInt64(*after_id).AddInt64(page_size)));
        if (page.IsNull(0, 0)) return absl::OkStatus();
        end = page.GetInt64(0, 0);
        ASSIGN_OR_RETURN(
            const Rows rows,
            transaction.Query(kForgetUnused,
                              Params().AddTimestamp(asked_before).AddInt64(*after_id).AddInt64(end)));
        forgotten.emplace();
        for (int row = 0; row < rows.size(); ++row) forgotten->push_back(FileFromRow(rows, row));
        return absl::OkStatus();
      }));
  if (forgotten) *after_id = end;
  return forgotten;
}

absl::StatusOr<std::vector<StoredFile>> CollectStore::OfPack(int64_t pack) {
  std::vector<StoredFile> files;
  RETURN_IF_ERROR(pool_.Run("files_of_pack", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFilesOfPack, Params().AddInt64(pack)));
    for (int row = 0; row < rows.size(); ++row) files.push_back(FileFromRow(rows, row));
    return absl::OkStatus();
  }));
  return files;
}

absl::StatusOr<int64_t> CollectStore::UsedBytes(int64_t pack) {
  int64_t used = 0;
  RETURN_IF_ERROR(pool_.Run("used_bytes_of_pack", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kUsedBytes, Params().AddInt64(pack)));
    used = rows.GetInt64(0, 0);
    return absl::OkStatus();
  }));
  return used;
}

absl::StatusOr<absl::flat_hash_map<int64_t, int64_t>> CollectStore::UsedBytesOfPacks() {
  absl::flat_hash_map<int64_t, int64_t> used;
  RETURN_IF_ERROR(pool_.Run("used_bytes_of_packs", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kUsedBytesOfPacks));
    for (int row = 0; row < rows.size(); ++row) used[rows.GetInt64(row, 0)] = rows.GetInt64(row, 1);
    return absl::OkStatus();
  }));
  return used;
}

absl::StatusOr<bool> CollectStore::TakeChore(absl::string_view name, absl::Time now, absl::Duration every) {
  bool is_taken = false;
  RETURN_IF_ERROR(pool_.InTransaction("take_chore", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Query(kMakeChore, Params().AddText(name).AddTimestamp(now + every)).status());
    ASSIGN_OR_RETURN(
        const Rows rows,
        transaction.Query(kTakeChore, Params().AddText(name).AddTimestamp(now).AddTimestamp(now + every)));
    is_taken = rows.affected() > 0;
    return absl::OkStatus();
  }));
  return is_taken;
}

absl::Status CollectStore::Move(absl::Span<const StoredFile> from, absl::Span<const BlobPlace> to) {
  std::vector<int64_t> ids, from_packs, from_offsets, to_packs, to_offsets, stored;
  std::vector<bool> compressed;
  for (size_t i = 0; i < from.size(); ++i) {
    ids.push_back(from[i].file_id);
    from_packs.push_back(from[i].place.pack);
    from_offsets.push_back(from[i].place.offset);
    to_packs.push_back(to[i].pack);
    to_offsets.push_back(to[i].offset);
    stored.push_back(to[i].stored_bytes);
    compressed.push_back(to[i].is_compressed);
  }
  Params params;
  for (const std::vector<int64_t>* column :
       {&ids, &from_packs, &from_offsets, &to_packs, &to_offsets, &stored})
    params.AddInt64Array(absl::MakeConstSpan(*column));
  params.AddBoolArray(compressed);
  return pool_.InTransactionWithRetry(
      "move_files", [&](Transaction& transaction) { return transaction.Query(kMoveFiles, params).status(); });
}

absl::StatusOr<std::vector<std::string>> CollectStore::KnownBlobs(const std::vector<std::string>& blobs) {
  std::vector<std::string> sha256s;
  for (const std::string& blob : blobs) sha256s.push_back(absl::HexStringToBytes(blob.substr(0, 64)));
  std::vector<std::string> known;
  RETURN_IF_ERROR(pool_.Run("known_blobs", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddByteaArray(absl::MakeConstSpan(sha256s)).AddTextArray(absl::MakeConstSpan(blobs));
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kKnownBlobs, params));
    for (int row = 0; row < rows.size(); ++row) known.emplace_back(rows.GetText(row, 0));
    return absl::OkStatus();
  }));
  return known;
}

}  // namespace cognate::file_transfer
