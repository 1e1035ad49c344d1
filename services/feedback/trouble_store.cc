#include "services/feedback/trouble_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/postgres/statement.h"
#include "common/status/status_macros.h"
#include "services/feedback/trouble_rows.h"

namespace cognate::feedback {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr int32_t kAdvisoryLockClass = 0x666b;  // Of feedback; the second number is the platform's.

const Statement kAnyOn = {"troubles_any_on", "SELECT EXISTS (SELECT 1 FROM troubles WHERE platform = $1)"};
const Statement kLockPlatform = {"troubles_lock_platform",
                                 "SELECT pg_advisory_xact_lock($1, hashtext($2)) IS NULL"};

// Rows are looked up one by one through an index (LATERAL with a lock is never turned into a join) and then
// named by their place: neither statement can fall into a scan. The lock keeps the place from changing in
// between.
const Statement kLockSettled = {"troubles_lock_settled", R"sql(
    SELECT hit.place
    FROM unnest($2::uuid[], $3::text[], $4::bigint[]) AS settled (entity_id, model, version)
    CROSS JOIN LATERAL (
        SELECT t.ctid::text AS place
        FROM troubles t
        WHERE t.entity_id = settled.entity_id AND t.platform = $1 AND t.model = settled.model
          AND t.version <= settled.version
        LIMIT 1
        FOR UPDATE) hit)sql"};
const Statement kLockWaiters = {"troubles_lock_waiters", R"sql(
    SELECT hit.place
    FROM unnest($2::uuid[], $3::text[]) AS present (entity_id, model)
    CROSS JOIN LATERAL (
        SELECT t.ctid::text AS place
        FROM troubles t
        WHERE t.waits_for_entity = present.entity_id AND t.platform = $1 AND t.waits_for_model = present.model
          AND NOT t.replay
        FOR UPDATE) hit)sql"};
const Statement kLockKeys = {"troubles_lock_keys", absl::StrCat(R"sql(
    SELECT hit.*
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS wanted (entity_id, platform, model)
    CROSS JOIN LATERAL (
        SELECT )sql",
                                                                TroubleColumns("t."), R"sql(
        FROM troubles t
        WHERE t.entity_id = wanted.entity_id AND t.platform = wanted.platform AND t.model = wanted.model
        LIMIT 1
        FOR UPDATE) hit)sql")};
const Statement kFindKeys = {"troubles_find_keys", absl::StrCat(R"sql(
    SELECT hit.*
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS wanted (entity_id, platform, model)
    CROSS JOIN LATERAL (
        SELECT )sql",
                                                                TroubleColumns("t."), R"sql(
        FROM troubles t
        WHERE t.entity_id = wanted.entity_id AND t.platform = wanted.platform AND t.model = wanted.model
        LIMIT 1) hit)sql")};
const Statement kDelete = {"troubles_delete", "DELETE FROM troubles WHERE ctid = ANY ($1::text[]::tid[])"};
const Statement kFree = {"troubles_free", R"sql(
    UPDATE troubles
    SET replay = true, replay_count = 0, next_attempt_at = $2, updated_at = $2,
        state = CASE state WHEN 7 THEN 3 ELSE state END
    WHERE ctid = ANY ($1::text[]::tid[]))sql"};
const Statement kLockHeld = {"troubles_lock_held", R"sql(
    SELECT ctid::text
    FROM troubles
    WHERE platform = $1 AND state = 5 AND NOT replay
      AND ($2 OR acting_identity = '' OR acting_identity = ANY ($3::text[]))
    LIMIT $4
    FOR UPDATE)sql"};
const Statement kFreeHeld = {"troubles_free_held", absl::StrCat(R"sql(
    UPDATE troubles
    SET replay = true, replay_count = 0, updated_at = $2, release_count = release_count + 1,
        next_attempt_at = greatest($2, updated_at + make_interval(secs => least(power(2, least(attempt_count, 9)), 300)))
    WHERE ctid = ANY ($1::text[]::tid[])
    RETURNING )sql",
                                                                TroubleColumns(""))};
const Statement kPut = {"troubles_put", absl::StrCat(R"sql(
    INSERT INTO troubles AS t ()sql",
                                                     TroubleColumns(""), R"sql()
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::integer[], $14::timestamptz[], $15::boolean[], $16::integer[],
        $17::uuid[], $18::text[], $19::text[], $20::text[], $21::text[], $22::boolean[], $23::boolean[], $24::boolean[],
        $25::timestamptz[], $26::timestamptz[], $27::text[], $28::smallint[], $29::timestamptz[],
        $30::integer[])
    ON CONFLICT (entity_id, platform, model) DO UPDATE
    SET (state, version, source_platform, source_model, source_local_id, target_local_id, reason, message, field, attempt_count,
         next_attempt_at, replay, replay_count, waits_for_entity, waits_for_model, waits_for_source_platform,
         waits_for_source_model, waits_for_source_local_id, may_be_incomplete, allow_incomplete, incomplete, updated_at,
         acting_identity, operation, held_at, release_count)
      = (excluded.state, excluded.version, excluded.source_platform, excluded.source_model, excluded.source_local_id,
         excluded.target_local_id, excluded.reason, excluded.message, excluded.field, excluded.attempt_count,
         excluded.next_attempt_at, excluded.replay, excluded.replay_count, excluded.waits_for_entity, excluded.waits_for_model,
         excluded.waits_for_source_platform, excluded.waits_for_source_model, excluded.waits_for_source_local_id,
         excluded.may_be_incomplete, excluded.allow_incomplete, excluded.incomplete, excluded.updated_at, excluded.acting_identity,
         excluded.operation, excluded.held_at, excluded.release_count)
    WHERE t.version <= excluded.version)sql")};
const Statement kListOfEntity = {
    "troubles_of_entity", absl::StrCat("SELECT ", TroubleColumns(""),
                                       " FROM troubles WHERE entity_id = $1 ORDER BY platform, model")};

}  // namespace

absl::StatusOr<bool> TroubleStore::AnyOn(absl::string_view platform) {
  bool any = false;
  RETURN_IF_ERROR(pool_.Run("troubles_any_on", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kAnyOn, Params().AddText(platform)));
    any = rows.GetBool(0, 0);
    return absl::OkStatus();
  }));
  return any;
}

absl::Status TroubleStore::LockPlatform(Transaction& transaction, absl::string_view platform) {
  return transaction.Query(kLockPlatform, Params().AddInt32(kAdvisoryLockClass).AddText(platform)).status();
}

absl::Status TroubleStore::DeleteSettled(Transaction& transaction, absl::string_view platform,
                                         absl::Span<const Uuid> entities,
                                         absl::Span<const absl::string_view> models,
                                         absl::Span<const int64_t> versions) {
  if (entities.empty()) return absl::OkStatus();
  Params keys;
  keys.AddText(platform).AddUuidArray(entities).AddTextArray(models).AddInt64Array(versions);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kLockSettled, keys));
  if (rows.empty()) return absl::OkStatus();
  return transaction.Query(kDelete, PlacesParam(rows)).status();
}

absl::StatusOr<int64_t> TroubleStore::FreeWaiters(Transaction& transaction, absl::string_view platform,
                                                  absl::Span<const Uuid> entities,
                                                  absl::Span<const absl::string_view> models,
                                                  absl::Time now) {
  if (entities.empty()) return 0;
  Params keys;
  keys.AddText(platform).AddUuidArray(entities).AddTextArray(models);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kLockWaiters, keys));
  if (rows.empty()) return 0;
  RETURN_IF_ERROR(transaction.Query(kFree, PlacesParam(rows).AddTimestamp(now)).status());
  return rows.size();
}

absl::StatusOr<std::vector<Trouble>> TroubleStore::FreeHeld(Transaction& transaction,
                                                            absl::string_view platform, bool all,
                                                            absl::Span<const absl::string_view> identities,
                                                            absl::Time now, int limit) {
  Params params;
  params.AddText(platform).AddBool(all).AddTextArray(identities).AddInt32(limit);
  ASSIGN_OR_RETURN(const Rows held, transaction.Query(kLockHeld, params));
  if (held.empty()) return std::vector<Trouble>();
  ASSIGN_OR_RETURN(const Rows freed, transaction.Query(kFreeHeld, PlacesParam(held).AddTimestamp(now)));
  return TroublesFromRows(freed);
}

absl::StatusOr<std::vector<Trouble>> TroubleStore::Lock(Transaction& transaction,
                                                        absl::Span<const TroubleKey> keys) {
  Params params;
  AddKeys(keys, &params);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kLockKeys, params));
  return TroublesFromRows(rows);
}

absl::Status TroubleStore::Put(Transaction& transaction, absl::Span<const Trouble> troubles) {
  if (troubles.empty()) return absl::OkStatus();
  Params params;
  AddTroubles(troubles, &params);
  return transaction.Query(kPut, params).status();
}

absl::StatusOr<std::vector<Trouble>> TroubleStore::Find(absl::Span<const TroubleKey> keys) {
  std::vector<Trouble> troubles;
  if (keys.empty()) return troubles;
  RETURN_IF_ERROR(pool_.Run("troubles_find", [&](Transaction& transaction) -> absl::Status {
    Params params;
    AddKeys(keys, &params);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindKeys, params));
    troubles = TroublesFromRows(rows);
    return absl::OkStatus();
  }));
  return troubles;
}

absl::StatusOr<std::vector<Trouble>> TroubleStore::ListOfEntity(const Uuid& entity) {
  std::vector<Trouble> troubles;
  RETURN_IF_ERROR(pool_.Run("troubles_of_entity", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kListOfEntity, Params().AddUuid(entity)));
    troubles = TroublesFromRows(rows);
    return absl::OkStatus();
  }));
  return troubles;
}

}  // namespace cognate::feedback
