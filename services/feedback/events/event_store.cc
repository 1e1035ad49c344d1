#include "services/feedback/events/event_store.h"

#include "common/postgres/statement.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// The counter's row is locked first and kept until the commit; the counts follow under the same lock.
const Statement kAppend = {"events_append", R"sql(
    WITH counter AS (
        UPDATE event_counter SET last_sequence = last_sequence + 1 RETURNING last_sequence
    ), done AS (
        INSERT INTO done_per_minute AS d (platform, minute, applied_count, failed_count, dead_count, last_applied_at)
        SELECT $3, date_trunc('minute', $2::timestamptz), $4, $5, $6, CASE WHEN $4 > 0 THEN $2 END
        FROM counter
        WHERE $4 + $5 + $6 > 0
        ON CONFLICT (platform, minute) DO UPDATE
        SET applied_count = d.applied_count + excluded.applied_count,
            failed_count = d.failed_count + excluded.failed_count, dead_count = d.dead_count + excluded.dead_count,
            last_applied_at = greatest(d.last_applied_at, excluded.last_applied_at)
    )
    INSERT INTO event_batches (sequence, created_at, payload)
    SELECT last_sequence, $2, $1 FROM counter
    RETURNING sequence)sql"};
const Statement kRange = {"events_range", R"sql(
    SELECT coalesce((SELECT min(sequence) FROM event_batches), last_sequence + 1), last_sequence FROM event_counter)sql"};
const Statement kRead = {
    "events_read",
    "SELECT sequence, payload FROM event_batches WHERE sequence > $1 ORDER BY sequence LIMIT $2"};
const Statement kAddTold = {"events_add_told", R"sql(
    INSERT INTO told_events (event_id, created_at)
    SELECT told.event_id, $2 FROM unnest($1::text[]) AS told (event_id)
    ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id)sql"};
const Statement kDeleteBatches = {"events_delete", R"sql(
    DELETE FROM event_batches
    WHERE sequence IN (SELECT sequence FROM event_batches WHERE created_at < $1 ORDER BY created_at LIMIT $2))sql"};
const Statement kDeleteTold = {"events_delete_told", "DELETE FROM told_events WHERE created_at < $1"};

}  // namespace

absl::StatusOr<int64_t> EventStore::Append(Transaction& transaction, absl::string_view platform,
                                           absl::string_view payload, const EventCounts& counts,
                                           absl::Time now) {
  Params params;
  params.AddBytes(payload).AddTimestamp(now).AddText(platform);
  params.AddInt64(counts.applied).AddInt64(counts.failed).AddInt64(counts.dead);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kAppend, params));
  return rows.GetInt64(0, 0);
}

absl::StatusOr<int64_t> EventStore::Append(absl::string_view platform, absl::string_view payload,
                                           const EventCounts& counts, absl::Time now) {
  int64_t sequence = 0;
  RETURN_IF_ERROR(pool_.Run("events_append", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(sequence, Append(transaction, platform, payload, counts, now));
    return absl::OkStatus();
  }));
  return sequence;
}

absl::StatusOr<EventRange> EventStore::Range() {
  EventRange range;
  RETURN_IF_ERROR(pool_.Run("events_range", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kRange));
    range = {rows.GetInt64(0, 0), rows.GetInt64(0, 1)};
    return absl::OkStatus();
  }));
  return range;
}

absl::StatusOr<std::vector<StoredBatch>> EventStore::Read(int64_t sequence, int limit) {
  std::vector<StoredBatch> batches;
  RETURN_IF_ERROR(pool_.Run("events_read", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kRead, Params().AddInt64(sequence).AddInt32(limit)));
    for (int row = 0; row < rows.size(); ++row) {
      batches.push_back({rows.GetInt64(row, 0), std::string(rows.GetBytes(row, 1))});
    }
    return absl::OkStatus();
  }));
  return batches;
}

absl::StatusOr<std::vector<std::string>> EventStore::AddTold(Transaction& transaction,
                                                             absl::Span<const std::string> event_ids,
                                                             absl::Time now) {
  ASSIGN_OR_RETURN(const Rows rows,
                   transaction.Query(kAddTold, Params().AddTextArray(event_ids).AddTimestamp(now)));
  std::vector<std::string> fresh;
  for (int row = 0; row < rows.size(); ++row) fresh.emplace_back(rows.GetText(row, 0));
  return fresh;
}

absl::StatusOr<int64_t> EventStore::DeleteBatches(absl::Time before, int limit) {
  int64_t deleted = 0;
  RETURN_IF_ERROR(pool_.Run("events_delete", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(kDeleteBatches, Params().AddTimestamp(before).AddInt32(limit)));
    deleted = rows.affected();
    return absl::OkStatus();
  }));
  return deleted;
}

absl::Status EventStore::DeleteTold(absl::Time before) {
  return pool_.Run("events_delete_told", [&](Transaction& transaction) -> absl::Status {
    return transaction.Query(kDeleteTold, Params().AddTimestamp(before)).status();
  });
}

}  // namespace cognate::feedback
