// What people ask of the troubles, and do with them: TroubleStore's ordinary statements.
#include <string>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/postgres/statement.h"
#include "common/status/status_macros.h"
#include "services/feedback/trouble_rows.h"
#include "services/feedback/trouble_store.h"

namespace cognate::feedback {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// $1 to $11 are criteria: empty and 0 mean any.
std::string Where(bool of_platform = false) {
  return absl::StrCat(of_platform ? "platform = $1" : "($1::text = '' OR platform = $1)", R"sql(
      AND ($2::integer = 0 OR state = $2) AND ($3::text = '' OR reason = $3) AND ($4::text = '' OR model = $4)
      AND ($5::text = '' OR acting_identity = $5) AND ($6::text = '' OR source_platform = $6)
      AND ($7::text = '' OR source_model = $7) AND ($8::text = '' OR source_local_id = $8)
      AND created_at >= $9::timestamptz AND created_at < $10::timestamptz
      AND NOT ($11::boolean AND replay AND replay_count > 0))sql");
}

Params CriteriaParams(const TroubleCriteria& criteria) {
  Params params;
  params.AddText(criteria.platform).AddInt32(criteria.state).AddText(criteria.reason).AddText(criteria.model);
  params.AddText(criteria.acting_identity).AddText(criteria.source.platform());
  params.AddText(criteria.source.model()).AddText(criteria.source.local_id());
  params.AddTimestamp(criteria.since).AddTimestamp(criteria.before).AddBool(criteria.at_rest);
  return params;
}

// $12 to $15 the row to go on after; $16 the limit.
std::string ListSql(bool of_platform) {
  return absl::StrCat(
      "SELECT ", TroubleColumns(""), " FROM troubles WHERE ", Where(of_platform),
      " AND (created_at, entity_id, platform, model) > ($12::timestamptz, $13::uuid, $14::text, $15::text)"
      " ORDER BY created_at, entity_id, platform, model LIMIT $16");
}
const Statement kList = {"troubles_list", ListSql(false)};
const Statement kListOfPlatform = {"troubles_list_of_platform", ListSql(true)};

const Statement kGroup = {"troubles_group", absl::StrCat(R"sql(
    SELECT platform, state, reason, count(*), min(created_at), max(created_at), min(message)
    FROM troubles
    WHERE )sql",
                                                         Where(), R"sql(
    GROUP BY platform, state, reason
    ORDER BY count(*) DESC, platform, state, reason)sql")};
const Statement kCountOf = {"troubles_count_of",
                            absl::StrCat("SELECT count(*) FROM troubles WHERE ", Where())};

// A person's redrive starts anew: its attempts are forgotten, and what was given up is RETRY again.
const Statement kRedrive = {"troubles_redrive", absl::StrCat(R"sql(
    UPDATE troubles
    SET replay = true, replay_count = 0, attempt_count = 0, release_count = 0, next_attempt_at = $12, updated_at = $12,
        held_at = NULL, state = CASE state WHEN 4 THEN 4 ELSE 3 END
    WHERE )sql",
                                                             Where())};

const Statement kTake = {
    "troubles_take", absl::StrCat("SELECT ", TroubleColumns(""), ", ctid::text FROM troubles WHERE ", Where(),
                                  " ORDER BY created_at, entity_id LIMIT $12 FOR UPDATE")};
const Statement kTaken = {"troubles_taken", R"sql(
    UPDATE troubles
    SET next_attempt_at = $2, replay = replay OR $3, replay_count = CASE WHEN $3 THEN 1 ELSE replay_count END,
        release_count = release_count + CASE WHEN $3 AND state = 5 AND NOT replay THEN 1 ELSE 0 END
    WHERE ctid = ANY ($1::text[]::tid[]))sql"};

// What is on its way has its answer first.
const Statement kExpireHeld = {"troubles_expire_held", absl::StrCat(R"sql(
    UPDATE troubles
    SET state = 7, next_attempt_at = $2, updated_at = $2,
        message = concat('held since ', to_char(held_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                         ' UTC, which is too long; the last answer was: ', message)
    WHERE ctid = ANY (ARRAY(
        SELECT ctid
        FROM troubles
        WHERE platform = $4 AND state = 5 AND NOT replay AND held_at < $1
        ORDER BY held_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED))
    RETURNING )sql",
                                                                    TroubleColumns(""))};

// From one platform to the next, so that it costs the same however much each of them holds.
const Statement kPlatformsThatHold = {"troubles_platforms_that_hold", R"sql(
    WITH RECURSIVE platforms AS (
        (SELECT platform FROM troubles WHERE state = 5 AND NOT replay ORDER BY platform LIMIT 1)
        UNION ALL
        SELECT (SELECT t.platform FROM troubles t
                WHERE t.state = 5 AND NOT t.replay AND t.platform > platforms.platform ORDER BY t.platform LIMIT 1)
        FROM platforms
        WHERE platforms.platform IS NOT NULL)
    SELECT platform FROM platforms WHERE platform IS NOT NULL)sql"};

const Statement kCount = {"troubles_count", R"sql(
    SELECT platform, model, source_platform, source_model, state, count(*), min(created_at)
    FROM troubles
    GROUP BY platform, model, source_platform, source_model, state)sql"};

}  // namespace

absl::StatusOr<std::vector<Trouble>> TroubleStore::List(const TroubleCriteria& criteria, int page_size,
                                                        const std::optional<TroublePosition>& after) {
  std::vector<Trouble> troubles;
  RETURN_IF_ERROR(pool_.Run("troubles_list", [&](Transaction& transaction) -> absl::Status {
    Params params = CriteriaParams(criteria);
    params.AddTimestamp(after ? after->created : absl::InfinitePast());
    params.AddUuid(after ? after->key.entity_id : Uuid());
    params.AddText(after ? after->key.platform : std::string())
        .AddText(after ? after->key.model : std::string());
    params.AddInt32(page_size);
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(criteria.platform.empty() ? kList : kListOfPlatform, params));
    troubles = TroublesFromRows(rows);
    return absl::OkStatus();
  }));
  return troubles;
}

absl::StatusOr<std::vector<v1::TroubleGroup>> TroubleStore::Group(const TroubleCriteria& criteria) {
  std::vector<v1::TroubleGroup> groups;
  RETURN_IF_ERROR(pool_.Run("troubles_group", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kGroup, CriteriaParams(criteria)));
    for (int row = 0; row < rows.size(); ++row) {
      v1::TroubleGroup& group = groups.emplace_back();
      group.set_platform(std::string(rows.GetText(row, 0)));
      group.set_state(static_cast<v1::ReplicaState>(rows.GetInt32(row, 1)));
      group.set_reason(std::string(rows.GetText(row, 2)));
      group.set_count(rows.GetInt64(row, 3));
      *group.mutable_oldest_time() = ToTimestamp(rows.GetTimestamp(row, 4));
      *group.mutable_newest_time() = ToTimestamp(rows.GetTimestamp(row, 5));
      group.set_sample_message(std::string(rows.GetText(row, 6)));
    }
    return absl::OkStatus();
  }));
  return groups;
}

absl::StatusOr<int64_t> TroubleStore::CountOf(const TroubleCriteria& criteria) {
  int64_t count = 0;
  RETURN_IF_ERROR(pool_.Run("troubles_count_of", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCountOf, CriteriaParams(criteria)));
    count = rows.GetInt64(0, 0);
    return absl::OkStatus();
  }));
  return count;
}

absl::StatusOr<int64_t> TroubleStore::Redrive(const TroubleCriteria& criteria, absl::Time now) {
  int64_t redriven = 0;
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("troubles_redrive", [&](Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(const Rows rows,
                         transaction.Query(kRedrive, CriteriaParams(criteria).AddTimestamp(now)));
        redriven = rows.affected();
        return absl::OkStatus();
      }));
  return redriven;
}

absl::StatusOr<std::vector<Trouble>> TroubleStore::Take(const TroubleCriteria& criteria, bool replay,
                                                        absl::Time until, int limit) {
  std::vector<Trouble> troubles;
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("troubles_take", [&](Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(troubles, Take(transaction, criteria, replay, until, limit));
        return absl::OkStatus();
      }));
  return troubles;
}

absl::StatusOr<std::vector<Trouble>> TroubleStore::Take(Transaction& transaction,
                                                        const TroubleCriteria& criteria, bool replay,
                                                        absl::Time until, int limit) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kTake, CriteriaParams(criteria).AddInt32(limit)));
  if (rows.empty()) return std::vector<Trouble>();
  Params taken = PlacesParam(rows, rows.columns() - 1);
  RETURN_IF_ERROR(transaction.Query(kTaken, taken.AddTimestamp(until).AddBool(replay)).status());
  return TroublesFromRows(rows);
}

absl::StatusOr<std::vector<Trouble>> TroubleStore::ExpireHeld(Transaction& transaction,
                                                              absl::string_view platform, absl::Time until,
                                                              absl::Time now, int limit) {
  Params params;
  params.AddTimestamp(until).AddTimestamp(now).AddInt32(limit).AddText(platform);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kExpireHeld, params));
  return TroublesFromRows(rows);
}

absl::StatusOr<std::vector<std::string>> TroubleStore::PlatformsThatHold() {
  std::vector<std::string> platforms;
  RETURN_IF_ERROR(pool_.Run("troubles_platforms_that_hold", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kPlatformsThatHold));
    for (int row = 0; row < rows.size(); ++row) platforms.emplace_back(rows.GetText(row, 0));
    return absl::OkStatus();
  }));
  return platforms;
}

absl::StatusOr<std::vector<TroubleCount>> TroubleStore::Count() {
  std::vector<TroubleCount> counts;
  RETURN_IF_ERROR(pool_.Run("troubles_count", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCount));
    for (int row = 0; row < rows.size(); ++row) {
      counts.push_back({std::string(rows.GetText(row, 0)), std::string(rows.GetText(row, 1)),
                        std::string(rows.GetText(row, 2)), std::string(rows.GetText(row, 3)),
                        static_cast<v1::ReplicaState>(rows.GetInt32(row, 4)), rows.GetInt64(row, 5),
                        rows.GetTimestamp(row, 6)});
    }
    return absl::OkStatus();
  }));
  return counts;
}

}  // namespace cognate::feedback
