#include "services/file_transfer/chunk_store.h"

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kClaimUncut = {"claim_uncut", absl::StrCat(R"sql(
    UPDATE files f SET cut_until = $3
    FROM (SELECT u.file_id FROM files u
          WHERE NOT u.is_chunked AND u.damaged_at IS NULL AND u.file_id > $1
            AND (u.cut_until IS NULL OR u.cut_until <= $2)
          ORDER BY u.file_id LIMIT 1 FOR UPDATE SKIP LOCKED) next
    WHERE f.file_id = next.file_id
    RETURNING )sql",
                                                           kFileColumns)};

const Statement kRenewCut = {"renew_cut", R"sql(
    UPDATE files SET cut_until = $2 WHERE file_id = $1
)sql"};

// Nothing where the content is gone meanwhile.
const Statement kAddChunks = {"add_chunks", R"sql(
    INSERT INTO chunks (chunk_sha256, file_id, chunk_offset, length)
    SELECT c.chunk_sha256, f.file_id, c.chunk_offset, c.length
    FROM (SELECT file_id FROM files WHERE file_id = $1 FOR KEY SHARE) f,
         unnest($2::bytea[], $3::bigint[], $4::integer[]) AS c (chunk_sha256, chunk_offset, length)
    ON CONFLICT DO NOTHING
)sql"};

const Statement kSetCut = {"set_cut", R"sql(
    UPDATE files SET is_chunked = true, cut_until = NULL WHERE file_id = $1
)sql"};

const Statement kFindChunks = {"find_chunks", R"sql(
    SELECT found.file_id, found.sha256, found.chunk_offset, found.length
    FROM unnest($1::bytea[]) WITH ORDINALITY AS wanted (chunk_sha256, place)
    LEFT JOIN LATERAL (
        SELECT c.file_id, f.sha256, c.chunk_offset, c.length
        FROM chunks c JOIN files f USING (file_id)
        WHERE c.chunk_sha256 = wanted.chunk_sha256 AND f.damaged_at IS NULL
        LIMIT 1) found ON true
    ORDER BY wanted.place
)sql"};

const Statement kFindChunksOf = {"find_chunks_of", R"sql(
    SELECT found.file_id, found.sha256, found.chunk_offset, found.length
    FROM unnest($1::bytea[]) WITH ORDINALITY AS wanted (chunk_sha256, place)
    LEFT JOIN LATERAL (
        SELECT c.file_id, f.sha256, c.chunk_offset, c.length
        FROM chunks c
        CROSS JOIN LATERAL (SELECT sha256 FROM files
                            WHERE files.file_id = c.file_id AND files.damaged_at IS NULL LIMIT 1) f
        CROSS JOIN LATERAL (SELECT 1 FROM possessions p
                            WHERE p.platform = $2 AND p.file_id = c.file_id LIMIT 1) own
        WHERE c.chunk_sha256 = wanted.chunk_sha256
        LIMIT 1) found ON true
    ORDER BY wanted.place
)sql"};

}  // namespace

absl::StatusOr<std::optional<StoredFile>> ChunkStore::ClaimUncut(int64_t after_id, absl::Time now,
                                                                 absl::Time until) {
  std::optional<StoredFile> next;
  RETURN_IF_ERROR(pool_.Run("claim_uncut", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(
        const Rows rows,
        transaction.Query(kClaimUncut, Params().AddInt64(after_id).AddTimestamp(now).AddTimestamp(until)));
    if (!rows.empty()) next = FileFromRow(rows, 0);
    return absl::OkStatus();
  }));
  return next;
}

absl::Status ChunkStore::Add(int64_t file_id, absl::Span<const files::Chunk> chunks, absl::Time until) {
  std::vector<absl::string_view> sha256s;
  std::vector<int64_t> offsets;
  std::vector<int32_t> lengths;
  for (const files::Chunk& chunk : chunks) {
    sha256s.push_back(chunk.sha256);
    offsets.push_back(chunk.offset);
    lengths.push_back(static_cast<int32_t>(chunk.length));
  }
  Params params;
  params.AddInt64(file_id).AddByteaArray(absl::MakeConstSpan(sha256s));
  params.AddInt64Array(absl::MakeConstSpan(offsets)).AddInt32Array(absl::MakeConstSpan(lengths));
  return pool_.InTransactionWithRetry("add_chunks", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Query(kRenewCut, Params().AddInt64(file_id).AddTimestamp(until)).status());
    return transaction.Query(kAddChunks, params).status();
  });
}

absl::Status ChunkStore::SetCut(int64_t file_id) {
  return pool_.Run("set_cut", [&](Transaction& transaction) {
    return transaction.Query(kSetCut, Params().AddInt64(file_id)).status();
  });
}

absl::StatusOr<std::vector<ChunkStore::Found>> ChunkStore::Find(absl::Span<const std::string> chunk_sha256s) {
  return Select(kFindChunks, Params().AddByteaArray(chunk_sha256s), chunk_sha256s.size());
}

absl::StatusOr<std::vector<ChunkStore::Found>> ChunkStore::FindOf(
    absl::string_view platform, absl::Span<const std::string> chunk_sha256s) {
  return Select(kFindChunksOf, Params().AddByteaArray(chunk_sha256s).AddText(platform), chunk_sha256s.size());
}

absl::StatusOr<std::vector<ChunkStore::Found>> ChunkStore::Select(const Statement& statement,
                                                                  const Params& params, size_t count) {
  std::vector<Found> found(count);
  if (count == 0) return found;
  RETURN_IF_ERROR(pool_.Run("find_chunks", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(statement, params));
    for (int row = 0; row < rows.size(); ++row) {
      if (rows.IsNull(row, 0)) continue;
      found[static_cast<size_t>(row)] = {rows.GetInt64(row, 0), std::string(rows.GetBytes(row, 1)),
                                         rows.GetInt64(row, 2), rows.GetInt64(row, 3)};
    }
    return absl::OkStatus();
  }));
  return found;
}

}  // namespace cognate::file_transfer
