#include "services/feedback/events/history_store.h"

#include "common/clock/time_proto.h"
#include "common/postgres/statement.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr absl::Duration kMinutesKept = absl::Hours(25);
constexpr absl::Duration kHoursKept = absl::Hours(90 * 24 + 1);

// A minute is not cut at the clock: the share of the one before that is less than a minute ago counts.
const Statement kLately = {"history_lately", R"sql(
    WITH minutes AS (
        SELECT platform,
               coalesce(sum(applied_count
                            * greatest(0, 1 - extract(epoch FROM date_trunc('minute', $1::timestamptz) - minute) / 60
                                            * (extract(epoch FROM $1 - date_trunc('minute', $1::timestamptz)) / 60)))
                   FILTER (WHERE minute >= date_trunc('minute', $1::timestamptz) - interval '1 minute'), 0) AS last_minute,
               coalesce(sum(applied_count) FILTER (WHERE minute > $1 - interval '1 hour'), 0) AS last_hour,
               coalesce(sum(applied_count) FILTER (WHERE minute > $1 - interval '1 day'), 0) AS last_day,
               coalesce(sum(applied_count) FILTER (WHERE minute >= date_trunc('hour', $1 - interval '1 day')), 0) AS young,
               max(last_applied_at) AS last_applied_at
        FROM done_per_minute
        GROUP BY platform
    ), hours AS (
        SELECT platform, sum(applied_count) AS old
        FROM done_per_hour
        WHERE hour > $1 - interval '7 days' AND hour < date_trunc('hour', $1 - interval '1 day')
        GROUP BY platform
    )
    SELECT platform, last_minute::double precision, last_hour::bigint, last_day::bigint,
           (young + coalesce(old, 0))::bigint, coalesce(last_applied_at, '-infinity')
    FROM minutes LEFT JOIN hours USING (platform)
    ORDER BY platform)sql"};

// $4: minutes from here on, hours before.
const Statement kPoints = {"history_points", R"sql(
    SELECT date_trunc($1, at) AS step, platform, sum(applied_count)::bigint, sum(failed_count)::bigint,
           sum(dead_count)::bigint
    FROM (
        SELECT minute AS at, platform, applied_count, failed_count, dead_count
        FROM done_per_minute
        WHERE minute >= greatest($3, $4)
        UNION ALL
        SELECT hour, platform, applied_count, failed_count, dead_count
        FROM done_per_hour
        WHERE hour >= $3 AND hour < $4) AS done
    WHERE $2 = '' OR platform = $2
    GROUP BY step, platform
    HAVING sum(applied_count + failed_count + dead_count) > 0
    ORDER BY step, platform)sql"};

// Counts only grow, so that the greater one is the newer one, also where some minutes of an old hour are
// gone.
const Statement kRollUp = {"history_roll_up", R"sql(
    INSERT INTO done_per_hour AS h (platform, hour, applied_count, failed_count, dead_count)
    SELECT platform, date_trunc('hour', minute), sum(applied_count), sum(failed_count), sum(dead_count)
    FROM done_per_minute
    WHERE minute >= coalesce((SELECT max(hour) FROM done_per_hour), '-infinity') - interval '1 hour'
    GROUP BY 1, 2
    ON CONFLICT (platform, hour) DO UPDATE
    SET applied_count = greatest(h.applied_count, excluded.applied_count),
        failed_count = greatest(h.failed_count, excluded.failed_count),
        dead_count = greatest(h.dead_count, excluded.dead_count))sql"};
// The newest row of a platform in which it took something says when that was, so it stays.
const Statement kDeleteMinutes = {"history_delete_minutes", R"sql(
    DELETE FROM done_per_minute d
    WHERE minute < date_trunc('hour', $1::timestamptz)
      AND (last_applied_at IS NULL OR EXISTS (
          SELECT 1 FROM done_per_minute newer
          WHERE newer.platform = d.platform AND newer.minute > d.minute AND newer.last_applied_at IS NOT NULL)))sql"};
const Statement kDeleteHours = {"history_delete_hours", "DELETE FROM done_per_hour WHERE hour < $1"};

absl::string_view StepWord(v1::HistoryStep step) {
  switch (step) {
    case v1::HISTORY_STEP_MINUTE:
      return "minute";
    case v1::HISTORY_STEP_HOUR:
      return "hour";
    case v1::HISTORY_STEP_DAY:
      return "day";
    default:
      return "week";
  }
}

absl::Time HourOf(absl::Time time) { return absl::FromUnixSeconds(absl::ToUnixSeconds(time) / 3600 * 3600); }

}  // namespace

absl::StatusOr<std::vector<LatelyDone>> HistoryStore::Lately(absl::Time now) {
  std::vector<LatelyDone> done;
  RETURN_IF_ERROR(pool_.Run("history_lately", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kLately, Params().AddTimestamp(now)));
    for (int row = 0; row < rows.size(); ++row) {
      done.push_back({std::string(rows.GetText(row, 0)), rows.GetDouble(row, 1), rows.GetInt64(row, 2),
                      rows.GetInt64(row, 3), rows.GetInt64(row, 4), rows.GetTimestamp(row, 5)});
    }
    return absl::OkStatus();
  }));
  return done;
}

absl::StatusOr<std::vector<v1::HistoryPoint>> HistoryStore::Points(v1::HistoryStep step,
                                                                   absl::string_view platform,
                                                                   absl::Time since, absl::Time now) {
  std::vector<v1::HistoryPoint> points;
  // Minutes are asked for as long as they are kept; the longer steps take them where hours may not be
  // complete.
  const absl::Time minutes_from =
      step == v1::HISTORY_STEP_MINUTE ? absl::InfinitePast() : HourOf(now - absl::Hours(24));
  Params params;
  params.AddText(StepWord(step)).AddText(platform).AddTimestamp(since).AddTimestamp(minutes_from);
  RETURN_IF_ERROR(pool_.Run("history_points", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kPoints, params));
    for (int row = 0; row < rows.size(); ++row) {
      v1::HistoryPoint& point = points.emplace_back();
      *point.mutable_start_time() = ToTimestamp(rows.GetTimestamp(row, 0));
      point.set_platform(std::string(rows.GetText(row, 1)));
      point.set_applied_count(rows.GetInt64(row, 2));
      point.set_failed_count(rows.GetInt64(row, 3));
      point.set_dead_count(rows.GetInt64(row, 4));
    }
    return absl::OkStatus();
  }));
  return points;
}

absl::Status HistoryStore::RollUp() {
  return pool_.Run("history_roll_up",
                   [&](Transaction& transaction) { return transaction.Query(kRollUp).status(); });
}

absl::Status HistoryStore::DeleteOld(absl::Time now) {
  RETURN_IF_ERROR(pool_.Run("history_delete", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Query(kDeleteMinutes, Params().AddTimestamp(now - kMinutesKept)).status());
    return transaction.Query(kDeleteHours, Params().AddTimestamp(now - kHoursKept)).status();
  }));
  return absl::OkStatus();
}

}  // namespace cognate::feedback
