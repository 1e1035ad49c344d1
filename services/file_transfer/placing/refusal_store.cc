#include "services/file_transfer/placing/refusal_store.h"

#include "services/file_transfer/placing/query.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kPut = {"put_refused_uploads", R"sql(
    INSERT INTO refused_uploads (platform, sha256, reason, message, refused_at)
    SELECT $1, refused.sha256, refused.reason, refused.message, $5
    FROM unnest($2::bytea[], $3::text[], $4::text[]) AS refused (sha256, reason, message)
    CROSS JOIN LATERAL (SELECT 1 FROM waits w
                        WHERE w.sha256 = refused.sha256 AND w.sha256 IS NOT NULL AND w.path = ''
                          AND w.source_platform = $1
                        UNION ALL
                        SELECT 1 FROM files f
                        WHERE f.sha256 = refused.sha256 AND f.damaged_at IS NOT NULL
                        LIMIT 1) asked
    ON CONFLICT (platform, sha256) DO UPDATE
    SET reason = excluded.reason, message = excluded.message, refused_at = excluded.refused_at
)sql"};

const Statement kWake = {"wake_waits_of_refused_uploads", R"sql(
    UPDATE waits SET next_look_at = $3, look_count = 0
    WHERE ctid = ANY (ARRAY(
        SELECT w.ctid FROM unnest($2::bytea[]) AS refused (sha256)
        CROSS JOIN LATERAL (SELECT ctid FROM waits
                            WHERE sha256 = refused.sha256 AND sha256 IS NOT NULL AND path = ''
                              AND source_platform = $1 LIMIT 100000) w))
)sql"};

const Statement kFind = {"find_refused_uploads", R"sql(
    SELECT r.sha256, r.reason, r.message
    FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS wanted (platform, sha256, place)
    LEFT JOIN LATERAL (
        SELECT sha256, reason, message FROM refused_uploads
        WHERE platform = wanted.platform AND sha256 = wanted.sha256 LIMIT 1) r ON true
    ORDER BY wanted.place
)sql"};

const Statement kDropTold = {"drop_told_refused_uploads", R"sql(
    DELETE FROM refused_uploads
    WHERE ctid = ANY (ARRAY(
        SELECT r.ctid FROM refused_uploads r
        JOIN unnest($1::text[], $2::bytea[]) AS told (platform, sha256)
          ON r.platform = told.platform AND r.sha256 = told.sha256
        ORDER BY r.platform, r.sha256 FOR UPDATE OF r))
)sql"};

const Statement kDropBefore = {"drop_old_refused_uploads", R"sql(
    DELETE FROM refused_uploads WHERE refused_at < $1
)sql"};

}  // namespace

absl::Status RefusalStore::Put(Transaction& transaction, absl::string_view platform,
                               const std::vector<RefusedUpload>& refused, absl::Time now) {
  if (refused.empty()) return absl::OkStatus();
  std::vector<absl::string_view> hashes, reasons, messages;
  for (const RefusedUpload& upload : refused) {
    hashes.push_back(upload.sha256);
    reasons.push_back(upload.reason);
    messages.push_back(upload.message);
  }
  Params params, wake;
  params.AddText(platform).AddByteaArray(absl::MakeConstSpan(hashes));
  params.AddTextArray(absl::MakeConstSpan(reasons)).AddTextArray(absl::MakeConstSpan(messages));
  params.AddTimestamp(now);
  wake.AddText(platform).AddByteaArray(absl::MakeConstSpan(hashes)).AddTimestamp(now);
  RETURN_IF_ERROR(transaction.Query(kPut, params).status());
  return transaction.Query(kWake, wake).status();
}

absl::StatusOr<std::vector<std::optional<RefusedUpload>>> RefusalStore::Find(
    absl::Span<const std::string> platforms, absl::Span<const std::string> sha256s) {
  if (sha256s.empty()) return std::vector<std::optional<RefusedUpload>>();
  return QueryAll<std::optional<RefusedUpload>>(
      pool_, kFind, Params().AddTextArray(platforms).AddByteaArray(sha256s),
      [](const Rows& rows, int row) -> std::optional<RefusedUpload> {
        if (rows.IsNull(row, 0)) return std::nullopt;
        return RefusedUpload{std::string(rows.GetBytes(row, 0)), std::string(rows.GetText(row, 1)),
                             std::string(rows.GetText(row, 2))};
      });
}

absl::Status RefusalStore::DropTold(Transaction& transaction, absl::Span<const std::string> platforms,
                                    absl::Span<const std::string> sha256s) {
  if (sha256s.empty()) return absl::OkStatus();
  return transaction.Query(kDropTold, Params().AddTextArray(platforms).AddByteaArray(sha256s)).status();
}

absl::Status RefusalStore::DropBefore(absl::Time time) {
  return Do(pool_, kDropBefore, Params().AddTimestamp(time)).status();
}

}  // namespace cognate::file_transfer
