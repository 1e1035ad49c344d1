#include "services/file_transfer/placing/work_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/postgres/statement.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/binding_store.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kTakeReads = {"take_reads", R"sql(
    UPDATE reads SET next_attempt_at = $2, attempt_count = attempt_count + 1
    WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM reads WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED))
    RETURNING platform, path, attempt_count
)sql"};

const Statement kEndRead = {"end_read", R"sql(
    DELETE FROM reads WHERE platform = $1 AND path = $2
)sql"};

const Statement kRetryRead = {"retry_read", R"sql(
    UPDATE reads SET next_attempt_at = $3 WHERE platform = $1 AND path = $2
)sql"};

const Statement kPutSeen = {"put_seen_file", R"sql(
    INSERT INTO seen_files (platform, path, inode, size_bytes, modify_time_ns, change_time_ns, sha256)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (platform, path) DO UPDATE
    SET inode = excluded.inode, size_bytes = excluded.size_bytes, modify_time_ns = excluded.modify_time_ns,
        change_time_ns = excluded.change_time_ns, sha256 = excluded.sha256
)sql"};

const Statement kWakeSource = {"wake_waits_of_source", R"sql(
    UPDATE waits SET next_look_at = $3, look_count = 0 WHERE source_platform = $1 AND source_path = $2 AND path = ''
)sql"};

const Statement kTakePlacements = {"take_placements", absl::StrCat(R"sql(
    UPDATE placements AS p SET next_attempt_at = $2, attempt_count = p.attempt_count + 1
    WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM placements
        WHERE state = 2 AND next_attempt_at IS NOT NULL AND next_attempt_at <= $1
        ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED))
    RETURNING )sql",
                                                                   kPlacementColumns)};

const Statement kPutEnded = {"put_ended_placement", R"sql(
    UPDATE placements
    SET state = $3, actual_path = $4, placed_bytes = $5, reason = $6, message = $7, next_attempt_at = NULL, updated_at = $8
    WHERE platform = $1 AND path = $2
)sql"};

const Statement kWakeTarget = {"wake_waits_of_target", R"sql(
    UPDATE waits SET next_look_at = $3, look_count = 0 WHERE platform = $1 AND path = $2 AND path <> ''
)sql"};

const Statement kPutFailed = {"put_failed_placement", R"sql(
    UPDATE placements SET reason = $3, message = $4, next_attempt_at = $5, placed_bytes = 0
    WHERE platform = $1 AND path = $2 AND state = 2
)sql"};

const Statement kSetProgress = {"set_placement_progress", R"sql(
    UPDATE placements SET placed_bytes = $3 WHERE platform = $1 AND path = $2 AND state = 2
)sql"};

const Statement kFind = {"find_placements_of_platform", absl::StrCat("SELECT ", kPlacementColumns, R"sql(
    FROM unnest($2::text[]) WITH ORDINALITY AS wanted (path, place)
    LEFT JOIN LATERAL (SELECT * FROM placements WHERE platform = $1 AND path = wanted.path LIMIT 1) p ON true
    ORDER BY wanted.place
)sql")};

const Statement kTakeWaits = {"take_waits", absl::StrCat(R"sql(
    UPDATE waits AS w SET next_look_at = $2
    WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM waits WHERE next_look_at <= $1 ORDER BY next_look_at LIMIT $3 FOR UPDATE SKIP LOCKED))
    RETURNING )sql",
                                                         kWaitColumns)};

const Statement kAreReady = {"waits_are_ready", R"sql(
    SELECT CASE WHEN wanted.path <> '' THEN COALESCE(p.state IN (3, 4), false)
                ELSE wanted.sha256 IS NOT NULL AND f.file_id IS NOT NULL END
    FROM unnest($1::text[], $2::text[], $3::bytea[]) WITH ORDINALITY AS wanted (platform, path, sha256, place)
    LEFT JOIN LATERAL (
        SELECT state FROM placements WHERE platform = wanted.platform AND path = wanted.path LIMIT 1) p ON true
    LEFT JOIN LATERAL (
        SELECT file_id FROM files WHERE files.sha256 = wanted.sha256 AND damaged_at IS NULL LIMIT 1) f ON true
    ORDER BY wanted.place
)sql"};

constexpr char kWaitKeys[] = R"sql(
        SELECT w.ctid, wanted.place
        FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[])
             WITH ORDINALITY AS wanted (platform, entity_id, model, field, position, place)
        CROSS JOIN LATERAL (
            SELECT ctid FROM waits
            WHERE platform = wanted.platform AND entity_id = wanted.entity_id AND model = wanted.model
              AND field = wanted.field AND position = wanted.position
            LIMIT 1) w
)sql";

const Statement kPutOff = {"put_off_waits", absl::StrCat(R"sql(
    UPDATE waits SET next_look_at = ($6::timestamptz[])[due.place], look_count = look_count + 1
    FROM ()sql",
                                                         kWaitKeys, R"sql() due
    WHERE waits.ctid = due.ctid AND waits.next_look_at = $7
)sql")};

const Statement kDropWaits = {"drop_waits_of_nobody",
                              absl::StrCat(R"sql(
    DELETE FROM waits USING ()sql",
                                           kWaitKeys, R"sql() due WHERE waits.ctid = due.ctid
)sql")};

const Statement kWakeStored = {"wake_waits_of_stored", R"sql(
    UPDATE waits SET next_look_at = $1, look_count = 0
    WHERE ctid = ANY (ARRAY(
        SELECT w.ctid
        FROM (SELECT ctid, sha256 FROM waits
              WHERE sha256 IS NOT NULL AND path = '' AND next_look_at > $1::timestamptz + interval '1 second' AND look_count > 0
              LIMIT 5000) w
        CROSS JOIN LATERAL (
            SELECT 1 FROM files WHERE files.sha256 = w.sha256 AND damaged_at IS NULL
              AND created_at > $1::timestamptz - interval '1 minute' LIMIT 1) f))
)sql"};

const Statement kMissing = {"missing_placements", absl::StrCat("SELECT ", kPlacementColumns, R"sql(
    FROM placements p
    WHERE platform = $1 AND state = 2 AND (created_at, path) > ($2::timestamptz, $3::text)
    ORDER BY created_at, path
    LIMIT $4
)sql")};

const Statement kWanted = {"wanted_uploads",
                           absl::StrCat("SELECT DISTINCT ON (w.sha256) ", kWaitColumns, R"sql(
    FROM waits w
    WHERE w.source_platform = $1 AND w.sha256 IS NOT NULL AND w.path = ''
      AND NOT EXISTS (SELECT 1 FROM files f WHERE f.sha256 = w.sha256 AND f.damaged_at IS NULL)
    ORDER BY w.sha256
    LIMIT $2
)sql")};

const Statement kList = {"list_placements", absl::StrCat("SELECT ", kPlacementColumns, R"sql(
    FROM placements p
    WHERE platform = $1 AND path > $2 AND ($3::smallint = 0 OR state = $3) AND sha256 IS NOT NULL
    ORDER BY path
    LIMIT $4
)sql")};

const Statement kTotals = {"total_placements", R"sql(
    SELECT count(*), COALESCE(sum(size_bytes), 0)::bigint,
           count(*) FILTER (WHERE state = 3),
           COALESCE(sum(CASE state WHEN 3 THEN size_bytes WHEN 2 THEN placed_bytes ELSE 0 END), 0)::bigint
    FROM placements
    WHERE platform = $1 AND sha256 IS NOT NULL
)sql"};

const Statement kSeenOf = {"seen_files_of_content", R"sql(
    SELECT platform, path, inode, size_bytes, modify_time_ns, change_time_ns, sha256 FROM seen_files WHERE sha256 = $1 LIMIT 20
)sql"};

const Statement kEntities = {"entities_of_bindings", R"sql(
    SELECT DISTINCT entity_id FROM bindings WHERE entity_id > $1 ORDER BY entity_id LIMIT $2
)sql"};

const Statement kDropEntity = {"drop_bindings_of_entity", R"sql(
    DELETE FROM bindings WHERE entity_id = $1 AND NOT platform = ANY ($2::text[])
)sql"};

const Statement kDropEntityWaits = {"drop_waits_of_entity", R"sql(
    DELETE FROM waits WHERE entity_id = $1 AND NOT platform = ANY ($2::text[])
)sql"};

const Statement kForgetUnbound = {"forget_unbound_placements", R"sql(
    UPDATE placements SET sha256 = NULL, next_attempt_at = NULL
    WHERE ctid = ANY (ARRAY(
        SELECT p.ctid FROM placements p
        WHERE p.sha256 IS NOT NULL AND p.updated_at < $1
          AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.sha256 = p.sha256 AND b.platform = p.platform)
        LIMIT $2 FOR UPDATE SKIP LOCKED))
)sql"};

Params SeenParams(const SeenFile& seen) {
  Params params;
  params.AddText(seen.platform).AddText(seen.path).AddInt64(seen.stand.inode).AddInt64(seen.stand.size_bytes);
  params.AddInt64(seen.stand.modify_time_ns).AddInt64(seen.stand.change_time_ns).AddBytes(seen.sha256);
  return params;
}

Params WaitKeyParams(const std::vector<WaitRow>& waits) {
  std::vector<absl::string_view> platforms, models, fields;
  std::vector<Uuid> entities;
  std::vector<int32_t> positions;
  for (const WaitRow& wait : waits) {
    platforms.push_back(wait.key.platform);
    entities.push_back(wait.key.entity);
    models.push_back(wait.key.model);
    fields.push_back(wait.key.field);
    positions.push_back(wait.key.position);
  }
  Params params;
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddUuidArray(absl::MakeConstSpan(entities));
  params.AddTextArray(absl::MakeConstSpan(models)).AddTextArray(absl::MakeConstSpan(fields));
  params.AddInt32Array(absl::MakeConstSpan(positions));
  return params;
}

// Runs one statement and makes a vector of its rows.
template <typename Row, typename FromRow>
absl::StatusOr<std::vector<Row>> QueryAll(postgres::Pool& pool, const Statement& statement,
                                          const Params& params, FromRow from_row) {
  std::vector<Row> found;
  RETURN_IF_ERROR(pool.Run(statement.name, [&](Transaction& transaction) -> absl::Status {
    found.clear();
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(statement, params));
    for (int row = 0; row < rows.size(); ++row) found.push_back(from_row(rows, row));
    return absl::OkStatus();
  }));
  return found;
}

absl::Status Do(postgres::Pool& pool, const Statement& statement, const Params& params) {
  return pool.InTransactionWithRetry(statement.name, [&](Transaction& transaction) {
    return transaction.Query(statement, params).status();
  });
}

}  // namespace

absl::StatusOr<std::vector<ReadRow>> WorkStore::TakeReads(absl::Time now, absl::Time lease, int limit) {
  return QueryAll<ReadRow>(pool_, kTakeReads, Params().AddTimestamp(now).AddTimestamp(lease).AddInt32(limit),
                           [](const Rows& rows, int row) {
                             return ReadRow{std::string(rows.GetText(row, 0)),
                                            std::string(rows.GetText(row, 1)), rows.GetInt32(row, 2)};
                           });
}

absl::Status WorkStore::EndRead(const ReadRow& read, const std::optional<SeenFile>& seen, absl::Time now) {
  return pool_.InTransactionWithRetry("end_read", [&](Transaction& transaction) -> absl::Status {
    Params key;
    key.AddText(read.platform).AddText(read.path);
    if (seen.has_value()) RETURN_IF_ERROR(transaction.Query(kPutSeen, SeenParams(*seen)).status());
    RETURN_IF_ERROR(transaction.Query(kEndRead, key).status());
    return transaction.Query(kWakeSource, key.AddTimestamp(now)).status();
  });
}

absl::Status WorkStore::RetryRead(const ReadRow& read, absl::Time next) {
  return Do(pool_, kRetryRead, Params().AddText(read.platform).AddText(read.path).AddTimestamp(next));
}

absl::StatusOr<std::vector<PlacementRow>> WorkStore::TakePlacements(absl::Time now, absl::Time lease,
                                                                    int limit) {
  return QueryAll<PlacementRow>(pool_, kTakePlacements,
                                Params().AddTimestamp(now).AddTimestamp(lease).AddInt32(limit),
                                PlacementFromRow);
}

absl::Status WorkStore::PutEnded(const std::vector<PlacementRow>& placements,
                                 const std::vector<SeenFile>& seen, absl::Time now) {
  return pool_.InTransactionWithRetry("put_ended_placements", [&](Transaction& transaction) -> absl::Status {
    for (const SeenFile& file : seen) RETURN_IF_ERROR(transaction.Query(kPutSeen, SeenParams(file)).status());
    for (const PlacementRow& row : placements) {
      Params params;
      params.AddText(row.platform)
          .AddText(row.path)
          .AddInt32(row.state)
          .AddText(row.actual_path)
          .AddInt64(row.placed_bytes);
      params.AddText(row.reason).AddText(row.message).AddTimestamp(now);
      RETURN_IF_ERROR(transaction.Query(kPutEnded, params).status());
      RETURN_IF_ERROR(
          transaction.Query(kWakeTarget, Params().AddText(row.platform).AddText(row.path).AddTimestamp(now))
              .status());
    }
    return absl::OkStatus();
  });
}

absl::Status WorkStore::PutFailed(const PlacementRow& placement) {
  Params params;
  params.AddText(placement.platform)
      .AddText(placement.path)
      .AddText(placement.reason)
      .AddText(placement.message);
  return Do(pool_, kPutFailed, params.AddTimestamp(placement.next_attempt));
}

absl::Status WorkStore::SetProgress(const PlacementRow& placement, int64_t placed_bytes) {
  return Do(pool_, kSetProgress,
            Params().AddText(placement.platform).AddText(placement.path).AddInt64(placed_bytes));
}

absl::StatusOr<std::vector<std::optional<PlacementRow>>> WorkStore::Find(
    absl::string_view platform, absl::Span<const std::string> paths) {
  return QueryAll<std::optional<PlacementRow>>(pool_, kFind, Params().AddText(platform).AddTextArray(paths),
                                               [](const Rows& rows, int row) -> std::optional<PlacementRow> {
                                                 if (rows.IsNull(row, 0)) return std::nullopt;
                                                 return PlacementFromRow(rows, row);
                                               });
}

absl::StatusOr<std::vector<WaitRow>> WorkStore::TakeWaits(absl::Time now, absl::Time lease, int limit) {
  return QueryAll<WaitRow>(pool_, kTakeWaits, Params().AddTimestamp(now).AddTimestamp(lease).AddInt32(limit),
                           WaitFromRow);
}

absl::StatusOr<std::vector<bool>> WorkStore::AreReady(const std::vector<WaitRow>& waits) {
  std::vector<absl::string_view> platforms, paths;
  std::vector<std::optional<absl::string_view>> hashes;
  for (const WaitRow& wait : waits) {
    platforms.push_back(wait.key.platform);
    paths.push_back(wait.path);
    hashes.push_back(wait.sha256.has_value() ? std::optional<absl::string_view>(*wait.sha256) : std::nullopt);
  }
  Params params;
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddTextArray(absl::MakeConstSpan(paths));
  params.AddByteaArray(absl::MakeConstSpan(hashes));
  return QueryAll<bool>(pool_, kAreReady, params,
                        [](const Rows& rows, int row) { return rows.GetBool(row, 0); });
}

absl::Status WorkStore::PutOff(const std::vector<WaitRow>& waits, const std::vector<absl::Time>& next,
                               absl::Time lease) {
  if (waits.empty()) return absl::OkStatus();
  return Do(pool_, kPutOff,
            WaitKeyParams(waits).AddTimestampArray(absl::MakeConstSpan(next)).AddTimestamp(lease));
}

absl::Status WorkStore::DropWaits(const std::vector<WaitRow>& waits) {
  return waits.empty() ? absl::OkStatus() : Do(pool_, kDropWaits, WaitKeyParams(waits));
}

absl::StatusOr<int64_t> WorkStore::WakeStored(absl::Time now) {
  int64_t woken = 0;
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("wake_waits_of_stored", [&](Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kWakeStored, Params().AddTimestamp(now)));
        woken = rows.affected();
        return absl::OkStatus();
      }));
  return woken;
}

absl::StatusOr<std::vector<PlacementRow>> WorkStore::Missing(absl::string_view platform, absl::Time created,
                                                             absl::string_view path, int limit) {
  return QueryAll<PlacementRow>(
      pool_, kMissing, Params().AddText(platform).AddTimestamp(created).AddText(path).AddInt32(limit),
      PlacementFromRow);
}

absl::StatusOr<std::vector<WaitRow>> WorkStore::Wanted(absl::string_view platform, int limit) {
  return QueryAll<WaitRow>(pool_, kWanted, Params().AddText(platform).AddInt32(limit), WaitFromRow);
}

absl::StatusOr<std::vector<PlacementRow>> WorkStore::List(absl::string_view platform,
                                                          v1::PlacementState state, absl::string_view after,
                                                          int limit) {
  return QueryAll<PlacementRow>(pool_, kList,
                                Params().AddText(platform).AddText(after).AddInt32(state).AddInt32(limit),
                                PlacementFromRow);
}

absl::StatusOr<PlacementTotals> WorkStore::Totals(absl::string_view platform) {
  ASSIGN_OR_RETURN(
      const std::vector<PlacementTotals> totals,
      QueryAll<PlacementTotals>(pool_, kTotals, Params().AddText(platform), [](const Rows& rows, int row) {
        return PlacementTotals{rows.GetInt64(row, 0), rows.GetInt64(row, 1), rows.GetInt64(row, 2),
                               rows.GetInt64(row, 3)};
      }));
  return totals[0];
}

absl::StatusOr<std::vector<SeenFile>> WorkStore::SeenOf(absl::string_view sha256) {
  return QueryAll<SeenFile>(pool_, kSeenOf, Params().AddBytes(sha256), [](const Rows& rows, int row) {
    return SeenFile{
        std::string(rows.GetText(row, 0)),
        std::string(rows.GetText(row, 1)),
        {rows.GetInt64(row, 2), rows.GetInt64(row, 3), rows.GetInt64(row, 4), rows.GetInt64(row, 5)},
        std::string(rows.GetBytes(row, 6))};
  });
}

absl::StatusOr<std::vector<Uuid>> WorkStore::Entities(const Uuid& after, int limit) {
  return QueryAll<Uuid>(pool_, kEntities, Params().AddUuid(after).AddInt32(limit),
                        [](const Rows& rows, int row) { return rows.GetUuid(row, 0); });
}

absl::Status WorkStore::DropEntity(const Uuid& entity, absl::Span<const std::string> kept_platforms) {
  return pool_.InTransactionWithRetry("drop_entity", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddUuid(entity).AddTextArray(kept_platforms);
    RETURN_IF_ERROR(transaction.Query(kDropEntity, params).status());
    return transaction.Query(kDropEntityWaits, params).status();
  });
}

absl::StatusOr<int64_t> WorkStore::ForgetUnbound(absl::Time before, int limit) {
  int64_t forgotten = 0;
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("forget_unbound", [&](Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(const Rows rows,
                         transaction.Query(kForgetUnbound, Params().AddTimestamp(before).AddInt32(limit)));
        forgotten = rows.affected();
        return absl::OkStatus();
      }));
  return forgotten;
}

}  // namespace cognate::file_transfer
