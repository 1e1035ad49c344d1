// What the loop does with troubles: TroubleStore's methods for those whose time has come.
#include <string>

#include "absl/strings/str_cat.h"
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

Statement TakeStatement(bool replay) {
  return {replay ? "troubles_take_replays" : "troubles_take_looks",
          absl::StrCat(
              "SELECT ", TroubleColumns(""), ", ctid::text FROM troubles WHERE next_attempt_at <= $1 AND ",
              replay ? "replay" : "NOT replay",
              " AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED")};
}
const Statement kTakeReplays = TakeStatement(true);
const Statement kTakeLooks = TakeStatement(false);
const Statement kLease = {"troubles_lease", R"sql(
    UPDATE troubles t
    SET next_attempt_at = lease.next_at, replay_count = t.replay_count + CASE WHEN t.replay THEN 1 ELSE 0 END
    FROM unnest($1::text[]::tid[], $2::timestamptz[]) AS lease (place, next_at)
    WHERE t.ctid = lease.place)sql"};
const Statement kRelease = {"troubles_release", R"sql(
    UPDATE troubles
    SET replay = true, replay_count = 0, next_attempt_at = $2, updated_at = $2, allow_incomplete = $3
    WHERE ctid = ANY ($1::text[]::tid[]))sql"};
const Statement kGiveBack = {"troubles_give_back", R"sql(
    UPDATE troubles SET next_attempt_at = $2, replay_count = greatest(replay_count - 1, 0)
    WHERE ctid = ANY ($1::text[]::tid[]))sql"};
const Statement kKill = {"troubles_kill", R"sql(
    UPDATE troubles
    SET state = 7, reason = $2, message = $3, field = '', replay = false, next_attempt_at = $4, updated_at = $4
    WHERE ctid = ANY ($1::text[]::tid[]) AND (state <> 7 OR reason <> $2))sql"};

const Statement kLockVersions = {"troubles_lock_versions", R"sql(
    SELECT hit.place
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) AS wanted (entity_id, platform, model, version)
    CROSS JOIN LATERAL (
        SELECT t.ctid::text AS place
        FROM troubles t
        WHERE t.entity_id = wanted.entity_id AND t.platform = wanted.platform AND t.model = wanted.model
          AND t.version = wanted.version
        LIMIT 1
        FOR UPDATE) hit)sql"};

const Statement kDeleteVersions = {"troubles_delete_versions",
                                   "DELETE FROM troubles WHERE ctid = ANY ($1::text[]::tid[])"};
// Who holds one has its turn with it first.
const Statement kDeleteOfWay = {"troubles_delete_of_way", R"sql(
    DELETE FROM troubles
    WHERE ctid = ANY (ARRAY(
        SELECT ctid
        FROM troubles
        WHERE platform = $1 AND model = $2 AND source_platform = $3 AND source_model = $4 AND updated_at <= $5
        LIMIT $6
        FOR UPDATE SKIP LOCKED)))sql"};
// Locks those that still have their version; `$1` of the next statement.
absl::StatusOr<Params> LockVersions(Transaction& transaction, absl::Span<const Trouble> troubles) {
  Params keys;
  AddVersionedKeys(troubles, &keys);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kLockVersions, keys));
  return PlacesParam(rows);
}

}  // namespace

absl::StatusOr<std::vector<Trouble>> TroubleStore::TakeDue(
    bool replay, absl::Time now, int limit, absl::FunctionRef<absl::Time(const Trouble&)> next_of) {
  std::vector<Trouble> troubles;
  RETURN_IF_ERROR(pool_.InTransaction("troubles_take_due", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(replay ? kTakeReplays : kTakeLooks,
                                                        Params().AddTimestamp(now).AddInt32(limit)));
    if (rows.empty()) return absl::OkStatus();
    troubles = TroublesFromRows(rows);
    std::vector<absl::Time> next;
    for (const Trouble& trouble : troubles) next.push_back(next_of(trouble));
    Params lease = PlacesParam(rows, rows.columns() - 1);
    return transaction.Query(kLease, lease.AddTimestampArray(absl::MakeConstSpan(next))).status();
  }));
  return troubles;
}

absl::StatusOr<int64_t> TroubleStore::Release(absl::Span<const Trouble> troubles, bool allow_incomplete,
                                              absl::Time now) {
  int64_t released = 0;
  if (troubles.empty()) return released;
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("troubles_release", [&](Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(Params places, LockVersions(transaction, troubles));
        ASSIGN_OR_RETURN(const Rows rows,
                         transaction.Query(kRelease, places.AddTimestamp(now).AddBool(allow_incomplete)));
        released = rows.affected();
        return absl::OkStatus();
      }));
  return released;
}

absl::Status TroubleStore::GiveBack(absl::Span<const Trouble> troubles, absl::Time next_attempt) {
  if (troubles.empty()) return absl::OkStatus();
  return pool_.InTransactionWithRetry("troubles_give_back", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(Params places, LockVersions(transaction, troubles));
    return transaction.Query(kGiveBack, places.AddTimestamp(next_attempt)).status();
  });
}

absl::StatusOr<int64_t> TroubleStore::Kill(absl::Span<const Trouble> troubles, const v1::OutcomeError& error,
                                           absl::Time now) {
  int64_t killed = 0;
  if (troubles.empty()) return killed;
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("troubles_kill", [&](Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(Params params, LockVersions(transaction, troubles));
        params.AddText(error.reason()).AddText(error.message()).AddTimestamp(now);
        ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kKill, params));
        killed = rows.affected();
        return absl::OkStatus();
      }));
  return killed;
}

absl::Status TroubleStore::Delete(absl::Span<const Trouble> troubles) {
  if (troubles.empty()) return absl::OkStatus();
  return pool_.InTransactionWithRetry("troubles_delete", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Params places, LockVersions(transaction, troubles));
    return transaction.Query(kDeleteVersions, places).status();
  });
}

absl::StatusOr<int64_t> TroubleStore::DeleteOfWay(const Way& way, absl::Time until) {
  constexpr int kAtOnce = 1000;
  Params params;
  params.AddText(way.target_platform).AddText(way.target_model);
  params.AddText(way.source_platform).AddText(way.source_model).AddTimestamp(until).AddInt32(kAtOnce);
  int64_t deleted = 0;
  int64_t last = kAtOnce;
  while (last == kAtOnce) {
    RETURN_IF_ERROR(
        pool_.InTransactionWithRetry("troubles_delete_of_way", [&](Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kDeleteOfWay, params));
          last = rows.affected();
          return absl::OkStatus();
        }));
    deleted += last;
  }
  return deleted;
}

}  // namespace cognate::feedback
