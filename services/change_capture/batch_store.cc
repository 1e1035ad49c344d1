#include "services/change_capture/batch_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cognate/v1/conflict.pb.h"
#include "cognate/v1/run.pb.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

const postgres::Statement kInsertReplay{"insert_replay", R"sql(
    INSERT INTO batches (versions, rules_revision, target_platform, allow_incomplete, queued_at)
    SELECT $1::int8[], greatest($2::int8, rules_revision), $3, $4, CASE WHEN $5 THEN now() END
    FROM version_counter
    WHERE only_row
    RETURNING batch_id, rules_revision
)sql"};

const postgres::Statement kTakeUnqueued{"take_unqueued", R"sql(
    WITH taken AS (
        SELECT batch_id
        FROM batches
        WHERE queued_at IS NULL
        ORDER BY batch_id
        LIMIT $1
        FOR UPDATE SKIP LOCKED
    )
    UPDATE batches
    SET queued_at = now()
    FROM taken
    WHERE batches.batch_id = taken.batch_id
    RETURNING batches.batch_id, first_version, last_version, versions, rules_revision, target_platform, allow_incomplete
)sql"};

const postgres::Statement kAnyUnqueued{"any_unqueued", R"sql(
    SELECT FROM batches WHERE queued_at IS NULL ORDER BY batch_id LIMIT 1
)sql"};

const postgres::Statement kMarkUnqueued{"mark_unqueued", R"sql(
    UPDATE batches SET queued_at = NULL WHERE batch_id = ANY ($1)
)sql"};

const postgres::Statement kMarkQueued{"mark_queued", R"sql(
    UPDATE batches SET queued_at = now() WHERE batch_id = ANY ($1)
)sql"};

const postgres::Statement kMarkLost{"mark_lost", R"sql(
    WITH lost AS (
        SELECT batch_id
        FROM batches
        WHERE queued_at < least(now(), $1::timestamptz) - $2::float8 * interval '1 second'
        ORDER BY queued_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED
    )
    UPDATE batches
    SET queued_at = NULL
    FROM lost
    WHERE batches.batch_id = lost.batch_id
)sql"};

const postgres::Statement kLook{"look_at_log", R"sql(
    SELECT c.captured_at
    FROM (SELECT first_version
          FROM batches
          WHERE first_version IS NOT NULL
          ORDER BY batch_id
          LIMIT 1) AS b
    CROSS JOIN LATERAL (SELECT captured_at FROM changes WHERE version = b.first_version LIMIT 1) AS c
)sql"};

const postgres::Statement kLookAtRuns{
    "look_at_runs",
    absl::StrCat("SELECT target_platform, state = ", v1::RUN_STATE_HELD, ", count(*), min(created_at)",
                 " FROM runs WHERE finished_at IS NULL GROUP BY 1, 2")};

// Those that have counted. What was found more than a month ago says nothing any more, and its sync may be
// gone.
const postgres::Statement kLookAtDrift{
    "look_at_drift",
    absl::StrCat("SELECT DISTINCT ON (sync) sync, greatest(extra_count - replayed_count, 0) FROM runs",
                 " WHERE kind = ", v1::RUN_KIND_MIRROR, " AND state IN (", v1::RUN_STATE_RUNNING, ", ",
                 v1::RUN_STATE_DONE, ", ", v1::RUN_STATE_HELD,
                 ") AND created_at > now() - interval '30 days' ORDER BY sync, run_id DESC")};

const postgres::Statement kLookAtConflicts{
    "look_at_conflicts", absl::StrCat("SELECT platform, count(*) FROM conflicts JOIN models USING (model_id)",
                                      " JOIN platforms USING (platform_id) WHERE state = ",
                                      v1::CONFLICT_STATE_OPEN, " GROUP BY platform")};

const postgres::Statement kAcknowledge{"acknowledge", R"sql(
    SELECT acknowledge_batches($1)
)sql"};

StoredBatch BatchFromRow(const postgres::Rows& rows, int row) {
  StoredBatch batch;
  batch.header.batch_id = rows.GetInt64(row, 0);
  batch.first_version = rows.GetInt64(row, 1);
  batch.last_version = rows.GetInt64(row, 2);
  if (!rows.IsNull(row, 3)) {
    batch.header.is_replay = true;
    for (const std::optional<int64_t>& version : rows.GetInt64Array(row, 3))
      batch.versions.push_back(version.value_or(0));
  }
  batch.header.rules_revision = rows.GetInt64(row, 4);
  batch.header.target_platform = std::string(rows.GetText(row, 5));
  batch.header.allow_incomplete = rows.GetBool(row, 6);
  return batch;
}

}  // namespace

absl::Status BatchStore::InsertReplay(postgres::Transaction& transaction, absl::Span<const int64_t> versions,
                                      bool queued, BatchHeader* header) {
  postgres::Params params;
  params.AddInt64Array(versions)
      .AddInt64(header->rules_revision)
      .AddText(header->target_platform)
      .AddBool(header->allow_incomplete)
      .AddBool(queued);
  ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kInsertReplay, params));
  header->batch_id = rows.GetInt64(0, 0);
  header->rules_revision = rows.GetInt64(0, 1);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredBatch>> BatchStore::TakeUnqueued(int limit) {
  std::vector<StoredBatch> batches;
  RETURN_IF_ERROR(pool_.Run("take_unqueued", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddInt32(limit);
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kTakeUnqueued, params));
    for (int row = 0; row < rows.size(); ++row) batches.push_back(BatchFromRow(rows, row));
    return absl::OkStatus();
  }));
  std::sort(batches.begin(), batches.end(),
            [](const StoredBatch& a, const StoredBatch& b) { return a.header.batch_id < b.header.batch_id; });
  return batches;
}

absl::StatusOr<bool> BatchStore::AnyUnqueued() {
  bool any = false;
  RETURN_IF_ERROR(pool_.Run("any_unqueued", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kAnyUnqueued));
    any = !rows.empty();
    return absl::OkStatus();
  }));
  return any;
}

absl::Status BatchStore::MarkUnqueued(absl::Span<const int64_t> batch_ids) {
  if (batch_ids.empty()) return absl::OkStatus();
  return pool_.Run("mark_unqueued", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddInt64Array(batch_ids);
    return transaction.Query(kMarkUnqueued, params).status();
  });
}

absl::Status BatchStore::MarkQueued(absl::Span<const int64_t> batch_ids) {
  if (batch_ids.empty()) return absl::OkStatus();
  return pool_.Run("mark_queued", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddInt64Array(batch_ids);
    return transaction.Query(kMarkQueued, params).status();
  });
}

absl::StatusOr<int64_t> BatchStore::MarkLost(std::optional<absl::Time> oldest_entry, absl::Duration grace,
                                             int limit) {
  int64_t marked = 0;
  RETURN_IF_ERROR(pool_.Run("mark_lost", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddTimestamp(oldest_entry.value_or(absl::InfiniteFuture()))
        .AddDouble(absl::ToDoubleSeconds(grace))
        .AddInt32(limit);
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kMarkLost, params));
    marked = rows.affected();
    return absl::OkStatus();
  }));
  return marked;
}

absl::StatusOr<BatchStore::Standing> BatchStore::Look() {
  Standing standing;
  RETURN_IF_ERROR(pool_.Run("look_at_log", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kLook));
    standing = Standing();
    if (!rows.empty()) standing.oldest_capture = rows.GetTimestamp(0, 0);
    ASSIGN_OR_RETURN(const postgres::Rows runs, transaction.Query(kLookAtRuns));
    for (int row = 0; row < runs.size(); ++row) {
      standing.runs.push_back({std::string(runs.GetText(row, 0)), runs.GetBool(row, 1), runs.GetInt64(row, 2),
                               runs.GetTimestamp(row, 3)});
    }
    ASSIGN_OR_RETURN(const postgres::Rows conflicts, transaction.Query(kLookAtConflicts));
    for (int row = 0; row < conflicts.size(); ++row)
      standing.open_conflicts.emplace(conflicts.GetText(row, 0), conflicts.GetInt64(row, 1));
    ASSIGN_OR_RETURN(const postgres::Rows drift, transaction.Query(kLookAtDrift));
    for (int row = 0; row < drift.size(); ++row)
      standing.drift.emplace(drift.GetText(row, 0), drift.GetInt64(row, 1));
    return absl::OkStatus();
  }));
  return standing;
}

absl::Status BatchStore::Acknowledge(absl::Span<const int64_t> batch_ids) {
  return pool_.Run("acknowledge", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddInt64Array(batch_ids);
    return transaction.Query(kAcknowledge, params).status();
  });
}

}  // namespace cognate::change_capture
