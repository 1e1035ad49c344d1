#include "services/feedback/events/event_store.h"

#include "common/postgres/statement.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// The counter's row is locked first and kept until the commit; the count of what was applied follows under
// the same lock.
const Statement kAppend = {"events_append", R"sql(
    WITH counter AS (
        UPDATE event_counter SET last_sequence = last_sequence + 1 RETURNING last_sequence
    ), applied AS (
        INSERT INTO applied_per_minute AS a (platform, minute, count, last_applied_at)
        SELECT $3, date_trunc('minute', $2::timestamptz), $4, $2
        FROM counter
        WHERE $4 > 0
        ON CONFLICT (platform, minute) DO UPDATE
        SET count = a.count + excluded.count, last_applied_at = greatest(a.last_applied_at, excluded.last_applied_at)
    )
    INSERT INTO event_batches (sequence, created_at, payload)
    SELECT last_sequence, $2, $1 FROM counter
    RETURNING sequence)sql"};
const Statement kRange = {"events_range", R"sql(
    SELECT coalesce((SELECT min(sequence) FROM event_batches), last_sequence + 1), last_sequence FROM event_counter)sql"};
const Statement kRead = {
    "events_read",
    "SELECT sequence, payload FROM event_batches WHERE sequence > $1 ORDER BY sequence LIMIT $2"};
// A minute is not cut at the clock: the share of the one before that is less than a minute ago counts.
const Statement kApplied = {"events_applied", R"sql(
    SELECT platform,
           sum(count * greatest(0, 1 - extract(epoch FROM date_trunc('minute', $1::timestamptz) - minute) / 60
                                     * (extract(epoch FROM $1 - date_trunc('minute', $1::timestamptz)) / 60)))
               FILTER (WHERE minute >= date_trunc('minute', $1::timestamptz) - interval '1 minute')::double precision,
           coalesce(sum(count) FILTER (WHERE minute > $1 - interval '1 hour'), 0)::bigint,
           coalesce(sum(count) FILTER (WHERE minute > $1 - interval '1 day'), 0)::bigint,
           max(last_applied_at)
    FROM applied_per_minute
    GROUP BY platform
    ORDER BY platform)sql"};
const Statement kDeleteBatches = {"events_delete", R"sql(
    DELETE FROM event_batches
    WHERE sequence IN (SELECT sequence FROM event_batches WHERE created_at < $1 ORDER BY created_at LIMIT $2))sql"};
// The newest row of a platform says when it last took something, so it stays.
const Statement kDeleteApplied = {"events_delete_applied", R"sql(
    DELETE FROM applied_per_minute a
    WHERE minute < $1 AND EXISTS (
        SELECT 1 FROM applied_per_minute newer WHERE newer.platform = a.platform AND newer.minute > a.minute))sql"};

}  // namespace

absl::StatusOr<int64_t> EventStore::Append(Transaction& transaction, absl::string_view platform,
                                           absl::string_view payload, int64_t applied_count, absl::Time now) {
  Params params;
  params.AddBytes(payload).AddTimestamp(now).AddText(platform).AddInt64(applied_count);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kAppend, params));
  return rows.GetInt64(0, 0);
}

absl::StatusOr<int64_t> EventStore::Append(absl::string_view platform, absl::string_view payload,
                                           int64_t applied_count, absl::Time now) {
  int64_t sequence = 0;
  RETURN_IF_ERROR(pool_.Run("events_append", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(sequence, Append(transaction, platform, payload, applied_count, now));
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

absl::StatusOr<std::vector<AppliedCount>> EventStore::Applied(absl::Time now) {
  std::vector<AppliedCount> counts;
  RETURN_IF_ERROR(pool_.Run("events_applied", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kApplied, Params().AddTimestamp(now)));
    for (int row = 0; row < rows.size(); ++row) {
      counts.push_back({std::string(rows.GetText(row, 0)), rows.GetDouble(row, 1), rows.GetInt64(row, 2),
                        rows.GetInt64(row, 3), rows.GetTimestamp(row, 4)});
    }
    return absl::OkStatus();
  }));
  return counts;
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

absl::Status EventStore::DeleteApplied(absl::Time before) {
  return pool_.Run("events_delete_applied", [&](Transaction& transaction) -> absl::Status {
    return transaction.Query(kDeleteApplied, Params().AddTimestamp(before)).status();
  });
}

}  // namespace cognate::feedback
