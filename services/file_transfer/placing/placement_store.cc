#include "services/file_transfer/placing/placement_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/file_transfer/placing/query.h"
#include "services/file_transfer/placing/seen_store.h"
#include "services/file_transfer/placing/wait_store.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr char kColumns[] =
    "p.platform, p.path, p.sha256, p.size_bytes, p.media_type, p.name, p.state, p.actual_path, "
    "p.placed_bytes, "
    "p.reason, p.message, p.attempt_count, p.next_attempt_at, p.not_before, p.created_at, p.updated_at";

const Statement kFind = {"find_placements", absl::StrCat("SELECT ", kColumns, R"sql(
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (platform, path, place)
    LEFT JOIN LATERAL (
        SELECT * FROM placements WHERE platform = wanted.platform AND path = wanted.path LIMIT 1) p ON true
    ORDER BY wanted.place
)sql")};

const Statement kPut = {"put_placements", R"sql(
    INSERT INTO placements AS p (platform, path, sha256, size_bytes, media_type, name, state, actual_path, placed_bytes,
                                 next_attempt_at, created_at, updated_at)
    SELECT *, $11::timestamptz, $11::timestamptz
    FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::text[], $7::smallint[], $8::text[],
                $9::bigint[], $10::timestamptz[])
    ON CONFLICT (platform, path) DO UPDATE
    SET sha256 = excluded.sha256, size_bytes = excluded.size_bytes, state = excluded.state,
        actual_path = CASE WHEN p.state = 2 AND excluded.state = 2 AND p.sha256 = excluded.sha256 THEN p.actual_path
                           ELSE excluded.actual_path END,
        placed_bytes = excluded.placed_bytes, media_type = excluded.media_type,
        reason = CASE WHEN p.state = excluded.state THEN p.reason ELSE '' END,
        message = CASE WHEN p.state = excluded.state THEN p.message ELSE '' END,
        attempt_count = CASE WHEN p.state = excluded.state THEN p.attempt_count ELSE 0 END,
        next_attempt_at = CASE WHEN p.state = excluded.state AND p.next_attempt_at IS NOT NULL
                                    AND excluded.next_attempt_at IS NOT NULL THEN p.next_attempt_at
                               ELSE excluded.next_attempt_at END,
        not_before = CASE WHEN p.state = excluded.state THEN p.not_before END,
        updated_at = excluded.updated_at
)sql"};

const Statement kTake = {"take_placements", absl::StrCat(R"sql(
    WITH RECURSIVE known AS (
        (SELECT platform FROM placements WHERE state = 2 AND next_attempt_at IS NOT NULL ORDER BY platform LIMIT 1)
        UNION ALL
        SELECT (SELECT platform FROM placements
                WHERE state = 2 AND next_attempt_at IS NOT NULL AND platform > known.platform ORDER BY platform LIMIT 1)
        FROM known WHERE known.platform IS NOT NULL)
    UPDATE placements AS p SET next_attempt_at = $2, attempt_count = p.attempt_count + 1
    WHERE ctid = ANY (ARRAY(
        SELECT due.ctid
        FROM known
        CROSS JOIN LATERAL (
            SELECT ctid, next_attempt_at FROM placements
            WHERE platform = known.platform AND state = 2 AND next_attempt_at IS NOT NULL AND next_attempt_at <= $1
            ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
        WHERE known.platform IS NOT NULL AND NOT known.platform = ANY ($4::text[])
        ORDER BY due.next_attempt_at LIMIT $3))
    RETURNING )sql",
                                                         kColumns)};

const Statement kTakeSmall = {"take_small_placements", absl::StrCat(R"sql(
    UPDATE placements AS p SET next_attempt_at = $3, attempt_count = p.attempt_count + 1
    WHERE ctid = ANY (ARRAY(
        SELECT due.ctid
        FROM (SELECT few.ctid, sum(few.size_bytes) OVER (ORDER BY few.next_attempt_at, few.path) AS bytes
              FROM (SELECT ctid, size_bytes, next_attempt_at, path FROM placements
                    WHERE platform = $1 AND state = 2 AND next_attempt_at IS NOT NULL AND next_attempt_at <= $2
                      AND size_bytes <= $4
                    ORDER BY next_attempt_at LIMIT $6 FOR UPDATE SKIP LOCKED) few) due
        WHERE due.bytes <= $5))
    RETURNING )sql",
                                                                    kColumns)};

const Statement kRenew = {"renew_placements", R"sql(
    UPDATE placements SET next_attempt_at = $3, attempt_count = greatest(attempt_count - $4::integer, 0)
    WHERE ctid = ANY (ARRAY(
        SELECT p.ctid FROM unnest($1::text[], $2::text[]) AS held (platform, path)
        CROSS JOIN LATERAL (SELECT ctid FROM placements
                            WHERE platform = held.platform AND path = held.path AND state = 2
                              AND next_attempt_at IS NOT NULL LIMIT 1) p))
)sql"};

const Statement kPutEnded = {"put_ended_placements", R"sql(
    INSERT INTO placements AS p (platform, path, sha256, size_bytes, media_type, name, state, actual_path, placed_bytes,
                                 reason, message, created_at, updated_at)
    SELECT stored.platform, stored.path, stored.sha256, stored.size_bytes, stored.media_type, stored.name,
           ended.state, ended.actual_path, ended.placed_bytes, ended.reason, ended.message, stored.created_at, $8
    FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[], $5::bigint[], $6::text[], $7::text[])
         AS ended (platform, path, state, actual_path, placed_bytes, reason, message)
    CROSS JOIN LATERAL (
        SELECT * FROM placements WHERE platform = ended.platform AND path = ended.path LIMIT 1) stored
    ON CONFLICT (platform, path) DO UPDATE
    SET state = excluded.state, actual_path = excluded.actual_path, placed_bytes = excluded.placed_bytes,
        reason = excluded.reason, message = excluded.message, next_attempt_at = NULL, not_before = NULL,
        updated_at = excluded.updated_at
)sql"};

const Statement kPutFailed = {"put_failed_placement", R"sql(
    UPDATE placements SET reason = $3, message = $4, next_attempt_at = $5, not_before = $6, placed_bytes = 0
    WHERE platform = $1 AND path = $2 AND state = 2
)sql"};

// Its path stays: fields lead there, and it says of which of them that nothing is there.
const Statement kPutLost = {"put_lost_placement", R"sql(
    UPDATE placements
    SET state = 2, placed_bytes = 0, reason = $4, message = $5, next_attempt_at = NULL, not_before = $6, updated_at = $7
    WHERE platform = $1 AND path = $2 AND sha256 = $3 AND state = 3
)sql"};

const Statement kSetProgress = {"set_placement_progress", R"sql(
    UPDATE placements SET placed_bytes = $3 WHERE platform = $1 AND path = $2 AND state = 2
)sql"};

const Statement kMissing = {"missing_placements", absl::StrCat("SELECT ", kColumns, R"sql(
    FROM placements p
    WHERE platform = $1 AND state = 2 AND sha256 IS NOT NULL AND (created_at, path) > ($2::timestamptz, $3::text)
      AND (not_before IS NULL OR not_before <= $5)
    ORDER BY created_at, path
    LIMIT $4
)sql")};

const Statement kList = {"list_placements", absl::StrCat("SELECT ", kColumns, R"sql(
    FROM placements p
    WHERE platform = $1 AND path > $2 AND ($3::smallint = 0 OR state = $3) AND sha256 IS NOT NULL
    ORDER BY path
    LIMIT $4
)sql")};

std::optional<absl::Time> TimeOf(const Rows& rows, int row, int column) {
  if (rows.IsNull(row, column)) return std::nullopt;
  return rows.GetTimestamp(row, column);
}

PlacementRow FromRow(const Rows& rows, int row) {
  PlacementRow placement;
  placement.platform = std::string(rows.GetText(row, 0));
  placement.path = std::string(rows.GetText(row, 1));
  placement.sha256 = std::string(rows.GetBytes(row, 2));
  placement.size_bytes = rows.GetInt64(row, 3);
  placement.media_type = std::string(rows.GetText(row, 4));
  placement.name = std::string(rows.GetText(row, 5));
  placement.state = static_cast<v1::PlacementState>(rows.GetInt32(row, 6));
  placement.actual_path = std::string(rows.GetText(row, 7));
  placement.placed_bytes = rows.GetInt64(row, 8);
  placement.reason = std::string(rows.GetText(row, 9));
  placement.message = std::string(rows.GetText(row, 10));
  placement.attempt_count = rows.GetInt32(row, 11);
  placement.next_attempt = TimeOf(rows, row, 12);
  placement.not_before = TimeOf(rows, row, 13);
  placement.created = rows.GetTimestamp(row, 14);
  placement.updated = rows.GetTimestamp(row, 15);
  return placement;
}

}  // namespace

absl::StatusOr<std::vector<std::optional<PlacementRow>>> PlacementStore::Find(
    absl::Span<const std::string> platforms, absl::Span<const std::string> paths) {
  if (paths.empty()) return std::vector<std::optional<PlacementRow>>();
  return QueryAll<std::optional<PlacementRow>>(pool_, kFind,
                                               Params().AddTextArray(platforms).AddTextArray(paths),
                                               [](const Rows& rows, int row) -> std::optional<PlacementRow> {
                                                 if (rows.IsNull(row, 0)) return std::nullopt;
                                                 return FromRow(rows, row);
                                               });
}

absl::Status PlacementStore::Put(Transaction& transaction, const std::vector<PlacementRow>& placements,
                                 absl::Time now) {
  if (placements.empty()) return absl::OkStatus();
  std::vector<absl::string_view> hashes, types, names, actual;
  std::vector<int64_t> sizes, placed;
  std::vector<int16_t> states;
  std::vector<std::optional<absl::Time>> next;
  for (const PlacementRow& row : placements) {
    hashes.push_back(row.sha256);
    types.push_back(row.media_type);
    names.push_back(row.name);
    actual.push_back(row.actual_path);
    sizes.push_back(row.size_bytes);
    placed.push_back(row.placed_bytes);
    states.push_back(static_cast<int16_t>(row.state));
    next.push_back(row.next_attempt);
  }
  Params params = PathParamsOf(placements);
  params.AddByteaArray(absl::MakeConstSpan(hashes)).AddInt64Array(absl::MakeConstSpan(sizes));
  params.AddTextArray(absl::MakeConstSpan(types)).AddTextArray(absl::MakeConstSpan(names));
  params.AddInt16Array(absl::MakeConstSpan(states)).AddTextArray(absl::MakeConstSpan(actual));
  params.AddInt64Array(absl::MakeConstSpan(placed)).AddTimestampArray(absl::MakeConstSpan(next));
  return transaction.Query(kPut, params.AddTimestamp(now)).status();
}

absl::StatusOr<std::vector<PlacementRow>> PlacementStore::Take(absl::Time now, absl::Time lease, int limit,
                                                               absl::Span<const std::string> but) {
  return QueryAll<PlacementRow>(
      pool_, kTake, Params().AddTimestamp(now).AddTimestamp(lease).AddInt32(limit).AddTextArray(but),
      FromRow);
}

absl::StatusOr<std::vector<PlacementRow>> PlacementStore::TakeSmall(absl::string_view platform,
                                                                    absl::Time now, absl::Time lease,
                                                                    int64_t size_bytes,
                                                                    int64_t bytes_together, int limit) {
  Params params;
  params.AddText(platform).AddTimestamp(now).AddTimestamp(lease).AddInt64(size_bytes);
  return QueryAll<PlacementRow>(pool_, kTakeSmall, params.AddInt64(bytes_together).AddInt32(limit), FromRow);
}

absl::Status PlacementStore::Renew(const std::vector<PlacementRow>& placements, absl::Time lease) {
  if (placements.empty()) return absl::OkStatus();
  return Do(pool_, kRenew, PathParamsOf(placements).AddTimestamp(lease).AddInt32(0)).status();
}

absl::Status PlacementStore::GiveBack(const std::vector<PlacementRow>& placements, absl::Time now) {
  if (placements.empty()) return absl::OkStatus();
  return Do(pool_, kRenew, PathParamsOf(placements).AddTimestamp(now).AddInt32(1)).status();
}

namespace {

absl::Status PutEndedIn(Transaction& transaction, const std::vector<PlacementRow>& placements,
                        absl::Time now) {
  if (placements.empty()) return absl::OkStatus();
  std::vector<int16_t> states;
  std::vector<absl::string_view> actual, reasons, messages;
  std::vector<int64_t> placed;
  for (const PlacementRow& row : placements) {
    states.push_back(static_cast<int16_t>(row.state));
    actual.push_back(row.actual_path);
    placed.push_back(row.placed_bytes);
    reasons.push_back(row.reason);
    messages.push_back(row.message);
  }
  Params params = PathParamsOf(placements);
  params.AddInt16Array(absl::MakeConstSpan(states)).AddTextArray(absl::MakeConstSpan(actual));
  params.AddInt64Array(absl::MakeConstSpan(placed)).AddTextArray(absl::MakeConstSpan(reasons));
  params.AddTextArray(absl::MakeConstSpan(messages)).AddTimestamp(now);
  RETURN_IF_ERROR(transaction.Query(kPutEnded, params).status());
  return WaitStore::WakeTargets(transaction, placements, now);
}

absl::Status PutLostIn(Transaction& transaction, const std::vector<PlacementRow>& placements,
                       absl::Time now) {
  for (const PlacementRow& row : placements) {
    Params params;
    params.AddText(row.platform).AddText(row.path).AddBytes(row.sha256).AddText(row.reason);
    params.AddText(row.message).AddTimestamp(row.not_before).AddTimestamp(now);
    RETURN_IF_ERROR(transaction.Query(kPutLost, params).status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PlacementStore::PutEnded(const Outcome& outcome, absl::Time now, const Also& also) {
  return pool_.InTransactionWithRetry("put_ended_placements", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(SeenStore::Put(transaction, outcome.seen));
    RETURN_IF_ERROR(PutEndedIn(transaction, outcome.ended, now));
    RETURN_IF_ERROR(PutLostIn(transaction, outcome.lost, now));
    return also(transaction);
  });
}

absl::Status PlacementStore::PutFailed(const PlacementRow& placement) {
  Params params;
  params.AddText(placement.platform).AddText(placement.path);
  params.AddText(placement.reason).AddText(placement.message);
  return Do(pool_, kPutFailed, params.AddTimestamp(placement.next_attempt).AddTimestamp(placement.not_before))
      .status();
}

absl::Status PlacementStore::SetProgress(const PlacementRow& placement, int64_t placed_bytes) {
  return Do(pool_, kSetProgress,
            Params().AddText(placement.platform).AddText(placement.path).AddInt64(placed_bytes))
      .status();
}

absl::StatusOr<std::vector<PlacementRow>> PlacementStore::Missing(absl::string_view platform, absl::Time now,
                                                                  absl::Time created, absl::string_view path,
                                                                  int limit) {
  Params params;
  params.AddText(platform).AddTimestamp(created).AddText(path).AddInt32(limit).AddTimestamp(now);
  return QueryAll<PlacementRow>(pool_, kMissing, params, FromRow);
}

absl::StatusOr<std::vector<PlacementRow>> PlacementStore::List(absl::string_view platform,
                                                               v1::PlacementState state,
                                                               absl::string_view after, int limit) {
  return QueryAll<PlacementRow>(
      pool_, kList, Params().AddText(platform).AddText(after).AddInt32(state).AddInt32(limit), FromRow);
}

}  // namespace cognate::file_transfer
