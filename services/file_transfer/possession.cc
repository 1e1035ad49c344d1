#include "services/file_transfer/possession.h"

#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kHas = {"platform_has_files", R"sql(
    SELECT found.file_id IS NOT NULL
    FROM unnest($2::bytea[]) WITH ORDINALITY AS wanted (sha256, place)
    LEFT JOIN LATERAL (SELECT file_id FROM files WHERE files.sha256 = wanted.sha256 LIMIT 1) f ON true
    LEFT JOIN LATERAL (SELECT p.file_id FROM possessions p
                       WHERE p.platform = $1 AND p.file_id = f.file_id LIMIT 1) found ON true
    ORDER BY wanted.place
)sql"};

// The lock: a content that is collected at this moment is not stored. In the order of the numbers, or two
// batches would wait for each other.
const Statement kAdd = {"add_possessions", R"sql(
    INSERT INTO possessions (platform, file_id, is_unbound)
    SELECT $1, f.file_id, $3
    FROM (SELECT stored.file_id
          FROM (SELECT DISTINCT sha256 FROM unnest($2::bytea[]) AS w (sha256)) wanted
          CROSS JOIN LATERAL (SELECT file_id FROM files WHERE files.sha256 = wanted.sha256 LIMIT 1) stored
          WHERE NOT EXISTS (SELECT 1 FROM possessions p
                            WHERE p.platform = $1 AND p.file_id = stored.file_id)
          ORDER BY stored.file_id) lacking
    CROSS JOIN LATERAL (SELECT file_id FROM files WHERE files.file_id = lacking.file_id FOR KEY SHARE) f
    ON CONFLICT (platform, file_id) DO NOTHING
)sql"};

const Statement kSettleBound = {"settle_bound_possessions", R"sql(
    UPDATE possessions p SET is_unbound = false
    FROM (SELECT u.file_id
          FROM possessions u
          CROSS JOIN LATERAL (SELECT sha256 FROM files WHERE files.file_id = u.file_id LIMIT 1) f
          CROSS JOIN LATERAL (SELECT 1 FROM bindings b WHERE b.sha256 = f.sha256 LIMIT 1) bound
          WHERE u.platform = $1 AND u.is_unbound
          ORDER BY u.file_id FOR UPDATE OF u) now_bound
    WHERE p.platform = $1 AND p.is_unbound AND p.file_id = now_bound.file_id
)sql"};

const Statement kPlatformsOf = {"platforms_of_content", R"sql(
    SELECT p.platform
    FROM (SELECT file_id FROM files WHERE sha256 = $1 LIMIT 1) f
    CROSS JOIN LATERAL (SELECT platform FROM possessions WHERE file_id = f.file_id ORDER BY platform LIMIT $2) p
    ORDER BY p.platform
)sql"};

// Rows and names on disk cost something, too, however little is in them: 64 KiB for each.
const Statement kUnboundBytes = {"unbound_bytes", R"sql(
    SELECT COALESCE((SELECT sum(f.size_bytes + 65536)
                     FROM possessions p
                     CROSS JOIN LATERAL (SELECT size_bytes FROM files WHERE files.file_id = p.file_id LIMIT 1) f
                     WHERE p.platform = $1 AND p.is_unbound), 0)::bigint
         + COALESCE((SELECT sum(committed_bytes + 65536) FROM uploads
                     WHERE platform = $1 AND file_sha256 IS NULL), 0)::bigint
)sql"};

}  // namespace

absl::StatusOr<std::vector<bool>> Possession::Has(absl::string_view platform,
                                                  absl::Span<const std::string> sha256s) {
  std::vector<bool> has(sha256s.size(), false);
  if (sha256s.empty()) return has;
  RETURN_IF_ERROR(pool_.Run("platform_has_files", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(kHas, Params().AddText(platform).AddByteaArray(sha256s)));
    for (int row = 0; row < rows.size(); ++row) has[static_cast<size_t>(row)] = rows.GetBool(row, 0);
    return absl::OkStatus();
  }));
  return has;
}

absl::StatusOr<bool> Possession::HasOne(absl::string_view platform, absl::string_view sha256) {
  ASSIGN_OR_RETURN(const std::vector<bool> has, Has(platform, {std::string(sha256)}));
  return has.front();
}

absl::StatusOr<std::vector<std::string>> Possession::PlatformsOf(absl::string_view sha256, int limit) {
  std::vector<std::string> platforms;
  RETURN_IF_ERROR(pool_.Run("platforms_of_content", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(kPlatformsOf, Params().AddBytes(sha256).AddInt32(limit)));
    for (int row = 0; row < rows.size(); ++row) platforms.emplace_back(rows.GetText(row, 0));
    return absl::OkStatus();
  }));
  return platforms;
}

absl::Status Possession::Add(absl::string_view platform, absl::Span<const std::string> sha256s) {
  return Insert(platform, sha256s, /*is_unbound=*/false);
}

absl::Status Possession::AddSent(absl::string_view platform, absl::Span<const std::string> sha256s) {
  return Insert(platform, sha256s, /*is_unbound=*/true);
}

absl::Status Possession::Insert(absl::string_view platform, absl::Span<const std::string> sha256s,
                                bool is_unbound) {
  if (sha256s.empty()) return absl::OkStatus();
  return pool_.InTransactionWithRetry("add_possessions", [&](Transaction& transaction) {
    Params params;
    params.AddText(platform).AddByteaArray(sha256s).AddBool(is_unbound);
    return transaction.Query(kAdd, params).status();
  });
}

absl::Status Possession::AddIn(Transaction& transaction, absl::string_view platform,
                               absl::Span<const std::string> sha256s) {
  Params params;
  params.AddText(platform).AddByteaArray(sha256s).AddBool(false);
  return transaction.Query(kAdd, params).status();
}

absl::Status Possession::AddSentIn(Transaction& transaction, absl::string_view platform,
                                   absl::string_view sha256) {
  Params params;
  params.AddText(platform).AddByteaArray(std::vector<std::string>{std::string(sha256)}).AddBool(true);
  return transaction.Query(kAdd, params).status();
}

absl::StatusOr<int64_t> Possession::UnboundBytes(absl::string_view platform) {
  int64_t bytes = 0;
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("unbound_bytes", [&](Transaction& transaction) -> absl::Status {
        RETURN_IF_ERROR(transaction.Query(kSettleBound, Params().AddText(platform)).status());
        ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kUnboundBytes, Params().AddText(platform)));
        bytes = rows.GetInt64(0, 0);
        return absl::OkStatus();
      }));
  return bytes;
}

}  // namespace cognate::file_transfer
