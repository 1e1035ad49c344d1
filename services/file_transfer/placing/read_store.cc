#include "services/file_transfer/placing/read_store.h"

#include "services/file_transfer/placing/link_store.h"
#include "services/file_transfer/placing/query.h"
#include "services/file_transfer/placing/seen_store.h"
#include "services/file_transfer/placing/wait_store.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kPut = {"put_reads", R"sql(
    INSERT INTO reads (platform, path, next_attempt_at)
    SELECT *, $3::timestamptz FROM unnest($1::text[], $2::text[])
    ON CONFLICT (platform, path) DO NOTHING
)sql"};

const Statement kTake = {"take_reads", R"sql(
    WITH RECURSIVE known AS (
        (SELECT platform FROM reads ORDER BY platform LIMIT 1)
        UNION ALL
        SELECT (SELECT platform FROM reads WHERE platform > known.platform ORDER BY platform LIMIT 1)
        FROM known WHERE known.platform IS NOT NULL)
    UPDATE reads SET next_attempt_at = $2, attempt_count = attempt_count + 1
    WHERE ctid = ANY (ARRAY(
        SELECT due.ctid
        FROM known
        CROSS JOIN LATERAL (
            SELECT ctid, next_attempt_at FROM reads
            WHERE platform = known.platform AND next_attempt_at <= $1
            ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
        WHERE known.platform IS NOT NULL AND NOT known.platform = ANY ($4::text[])
        ORDER BY due.next_attempt_at LIMIT $3))
    RETURNING platform, path, attempt_count
)sql"};

const Statement kRenew = {"renew_reads", R"sql(
    UPDATE reads SET next_attempt_at = $3
    WHERE ctid = ANY (ARRAY(
        SELECT r.ctid FROM unnest($1::text[], $2::text[]) AS held (platform, path)
        CROSS JOIN LATERAL (SELECT ctid FROM reads WHERE platform = held.platform AND path = held.path LIMIT 1) r))
)sql"};

const Statement kEnd = {"end_read", R"sql(
    DELETE FROM reads WHERE platform = $1 AND path = $2
)sql"};

const Statement kRetry = {"retry_read", R"sql(
    UPDATE reads SET next_attempt_at = $3 WHERE platform = $1 AND path = $2
)sql"};

}  // namespace

absl::Status ReadStore::Put(Transaction& transaction, const std::vector<ReadRow>& reads, absl::Time now) {
  if (reads.empty()) return absl::OkStatus();
  return transaction.Query(kPut, PathParamsOf(reads).AddTimestamp(now)).status();
}

absl::StatusOr<std::vector<ReadRow>> ReadStore::Take(absl::Time now, absl::Time lease, int limit,
                                                     absl::Span<const std::string> but) {
  return QueryAll<ReadRow>(pool_, kTake,
                           Params().AddTimestamp(now).AddTimestamp(lease).AddInt32(limit).AddTextArray(but),
                           [](const Rows& rows, int row) {
                             return ReadRow{std::string(rows.GetText(row, 0)),
                                            std::string(rows.GetText(row, 1)), rows.GetInt32(row, 2)};
                           });
}

absl::Status ReadStore::Renew(const std::vector<ReadRow>& reads, absl::Time lease) {
  if (reads.empty()) return absl::OkStatus();
  return Do(pool_, kRenew, PathParamsOf(reads).AddTimestamp(lease)).status();
}

absl::Status ReadStore::End(const ReadRow& read, const std::optional<SeenFile>& seen, absl::Time now) {
  return pool_.InTransactionWithRetry("end_read", [&](Transaction& transaction) -> absl::Status {
    if (seen.has_value()) RETURN_IF_ERROR(SeenStore::Put(transaction, {*seen}));
    RETURN_IF_ERROR(transaction.Query(kEnd, Params().AddText(read.platform).AddText(read.path)).status());
    RETURN_IF_ERROR(LinkStore::Wake(transaction, read.platform, read.path, now));
    return WaitStore::WakeSource(transaction, read.platform, read.path, now);
  });
}

absl::Status ReadStore::Retry(const ReadRow& read, absl::Time next) {
  return Do(pool_, kRetry, Params().AddText(read.platform).AddText(read.path).AddTimestamp(next)).status();
}

}  // namespace cognate::file_transfer
