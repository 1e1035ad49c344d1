#include "services/platform_registry/ledger/settle_store.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "common/status/status_macros.h"
#include "services/platform_registry/ledger/ledger_transaction.h"
#include "services/platform_registry/ledger/merge_entities.h"
#include "services/platform_registry/ledger/plan_tombstones.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// The rows are there, Plan wrote them: updated in place they cost a third of an upsert, which locks each
// first. A row that Plan never wrote is taken as it is told, and not made to be parked. Answers how many such
// rows another made at this very moment: for these it must run again. `settled` is counted although nobody
// reads it: so it runs before `made`, and what is there is locked before what is missing is made. What is
// discarded stands as a record that its sync keeps (LEAVE_ACTION_KEEP): the target has it as it was, and of a
// delete that it did not get it is not known to be gone. LIMIT as in plan_store.cc.
const Statement kSettle = {"settle", R"sql(
    WITH k AS MATERIALIZED (
        SELECT k.entity_id, k.version, k.kind IN (1, 2, 5, 16) AS applied, k.kind IN (2, 16) AS deleted,
               k.kind = 4 AS parked, k.kind = 5 AS skipped, k.kind = 6 AS discarded, k.kind = 16 AS lives, k.local_id,
               k.fingerprint, r.found
        FROM unnest($3::uuid[], $4::bigint[], $5::smallint[], $6::text[], $7::bytea[])
             AS k(entity_id, version, kind, local_id, fingerprint)
        LEFT JOIN LATERAL (SELECT true AS found
                           FROM replicas
                           WHERE entity_id = k.entity_id AND model_id = $1
                           LIMIT 1) r ON true
        LIMIT cardinality($3::uuid[])
    ), settled AS (
        UPDATE replicas AS r
        SET applied_version = CASE WHEN k.applied OR k.discarded THEN greatest(r.applied_version, k.version) ELSE r.applied_version END,
            parked_version = CASE WHEN k.parked THEN greatest(r.parked_version, k.version) ELSE r.parked_version END,
            deleted = CASE WHEN k.applied AND k.version >= r.desired_version THEN k.deleted
                           WHEN k.discarded THEN r.deleted AND r.local_id IS NULL
                           ELSE r.deleted END,
            detached = r.detached OR k.skipped OR k.discarded,
            echo_awaited = k.lives OR (k.discarded AND r.echo_awaited),
            deleted_version = CASE WHEN k.parked OR k.lives OR k.discarded THEN r.deleted_version
                                   WHEN k.deleted THEN k.version
                                   ELSE 9223372036854775807 END,
            local_id = CASE WHEN k.parked OR k.deleted OR k.discarded THEN r.local_id
                            WHEN k.local_id IS NOT NULL THEN k.local_id
                            WHEN r.deleted_version = 9223372036854775807 THEN r.local_id END,
            fingerprint = CASE WHEN k.applied THEN k.fingerprint ELSE r.fingerprint END
        FROM k
        WHERE k.found AND r.entity_id = k.entity_id AND r.model_id = $1
          AND CASE WHEN k.parked
                   THEN k.version = r.desired_version AND r.applied_version < r.desired_version
                        AND r.parked_version < k.version
                   WHEN k.discarded THEN k.version = r.desired_version AND r.applied_version < r.desired_version
                   ELSE k.version > r.applied_version END
        RETURNING r.entity_id
    ), made AS (
        INSERT INTO replicas (entity_id, model_id, platform_id, desired_version, applied_version, deleted,
                              deleted_version, local_id, fingerprint)
        SELECT entity_id, $1, $2, version, CASE WHEN applied THEN version ELSE 0 END, deleted,
               CASE WHEN deleted THEN version ELSE 9223372036854775807 END, local_id, fingerprint
        FROM k
        WHERE found IS NULL AND NOT discarded AND NOT parked
        ON CONFLICT (entity_id, model_id) DO NOTHING
        RETURNING entity_id
    )
    SELECT (SELECT count(*) FROM settled), (SELECT count(*) FROM k WHERE found IS NULL AND NOT discarded AND NOT parked) - (SELECT count(*) FROM made)
)sql"};

const Statement kFindHolder = {"find_holder", R"sql(
    SELECT entity_id, desired_version, applied_version, deleted, echo_awaited
    FROM replicas
    WHERE model_id = $1 AND local_id = $2 AND deleted_version = 9223372036854775807 AND entity_id <> $3
)sql"};

const Statement kEndHolder = {"end_holder", R"sql(
    UPDATE replicas
    SET applied_version = desired_version, deleted_version = desired_version, fingerprint = NULL, echo_awaited = false
    WHERE entity_id = $1 AND model_id = $2
)sql"};

const Statement kTakeLocalId = {"take_local_id", R"sql(
    UPDATE replicas
    SET local_id = NULL
    WHERE entity_id = $1 AND model_id = $2
)sql"};

// Beside v1::SettleKind, in the statement.
constexpr int16_t kDeletedAndLiving = 16;

// One call of Settle.
struct Call {
  const ModelId& model;
  const v1::SettleGroup& group;
  bool lives = false;  // identities do, although the records are gone

  v1::SettleKind Kind(int place) const { return group.kinds(place); }
  absl::string_view LocalId(int place) const { return group.local_ids(place); }
  absl::string_view Fingerprint(int place) const { return group.fingerprints(place); }
};

absl::Status SettleAll(Transaction& transaction, const Call& call, const EntityOrder& entities,
                       bool with_local_ids) {
  std::vector<int64_t> versions;
  std::vector<int16_t> kinds;
  std::vector<std::optional<absl::string_view>> local_ids, fingerprints;
  versions.reserve(entities.size());
  kinds.reserve(entities.size());
  local_ids.reserve(entities.size());
  fingerprints.reserve(entities.size());
  for (const int place : entities.places) {
    versions.push_back(call.group.versions(place));
    const bool lives = call.lives && call.Kind(place) == v1::SETTLE_KIND_DELETED;
    kinds.push_back(lives ? kDeletedAndLiving : static_cast<int16_t>(call.Kind(place)));
    local_ids.push_back(with_local_ids ? NullIfEmpty(call.LocalId(place)) : std::nullopt);
    fingerprints.push_back(NullIfEmpty(call.Fingerprint(place)));
  }
  Params params;
  params.AddInt32(call.model.model_id).AddInt32(call.model.platform_id);
  params.AddUuidArray(absl::MakeConstSpan(entities.ids)).AddInt64Array(absl::MakeConstSpan(versions));
  params.AddInt16Array(absl::MakeConstSpan(kinds)).AddTextArray(absl::MakeConstSpan(local_ids));
  params.AddByteaArray(absl::MakeConstSpan(fingerprints));
  while (true) {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSettle, params));
    if (rows.GetInt64(0, 1) == 0) return absl::OkStatus();
  }
}

// The living entity other than this one that has the local id, as its row now stands; no row if there is
// none.
absl::StatusOr<Rows> FindHolder(Transaction& transaction, const Call& call, const Uuid& entity, int place) {
  Params params;
  params.AddInt32(call.model.model_id).AddText(call.LocalId(place)).AddUuid(entity);
  return transaction.Query(kFindHolder, params);
}

// What comes of a claim of a local id.
struct Claim {
  Uuid entity;          // whose outcome it is
  bool is_free = true;  // that entity may have the local id
};

// Of a local id that another living entity holds (SettleStore). Both keep their places meanwhile.
absl::StatusOr<Claim> JudgeClaim(Transaction& transaction, const Call& call, const Uuid& entity, int place) {
  if (call.LocalId(place).empty()) return Claim{entity};
  ASSIGN_OR_RETURN(Rows rows, FindHolder(transaction, call, entity, place));
  if (rows.empty()) return Claim{entity};
  ASSIGN_OR_RETURN(auto places, LockPlaces(transaction, {entity, rows.GetUuid(0, 0)}));
  ASSIGN_OR_RETURN(rows, FindHolder(transaction, call, entity, place));
  if (rows.empty()) return Claim{entity};
  const Uuid holder = rows.GetUuid(0, 0);
  const int64_t version = call.group.versions(place);
  Params params;
  params.AddUuid(holder).AddInt32(call.model.model_id);
  const bool was_to_go =
      rows.GetBool(0, 4) || (rows.GetBool(0, 3) && rows.GetInt64(0, 2) < rows.GetInt64(0, 1));
  if (was_to_go) {
    RETURN_IF_ERROR(transaction.Query(kEndHolder, params).status());
    return Claim{entity};
  }
  if (places[entity].empty() || places[holder].size() == 1) {
    const Uuid heir = places[entity].empty() ? holder : entity;
    const Merge merge = {heir == holder ? entity : holder, heir, version};
    RETURN_IF_ERROR(MergeEntities(transaction, call.model.model_id, {&merge, 1}));
    return Claim{heir};
  }
  if (rows.GetInt64(0, 2) > version) return Claim{entity, /*is_free=*/false};
  RETURN_IF_ERROR(transaction.Query(kTakeLocalId, params).status());
  return Claim{entity};
}

absl::Status SettleOne(postgres::Pool& pool, const Call& call, const EntityOrder& one) {
  constexpr int kTries = 10;
  for (int attempt = 1;; ++attempt) {
    absl::Status status =
        pool.InTransactionWithRetry("settle_disputed", [&](Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(const Claim claim, JudgeClaim(transaction, call, one.ids[0], one.places[0]));
          return SettleAll(transaction, call, {one.places, {claim.entity}}, claim.is_free);
        });
    // Another one took the local id after we had looked; now it can be seen.
    if (!absl::IsAlreadyExists(status) || attempt == kTries) return status;
  }
}

// One by one, older versions first.
absl::Status SettleDisputed(postgres::Pool& pool, const Call& call, const EntityOrder& entities) {
  std::vector<size_t> by_version(entities.size());
  for (size_t i = 0; i < by_version.size(); ++i) by_version[i] = i;
  std::sort(by_version.begin(), by_version.end(), [&](size_t a, size_t b) {
    return call.group.versions(entities.places[a]) < call.group.versions(entities.places[b]);
  });
  for (const size_t index : by_version) RETURN_IF_ERROR(SettleOne(pool, call, entities.Pick({index})));
  return absl::OkStatus();
}

absl::Status SettlePart(postgres::Pool& pool, const Call& call, const EntityOrder& entities) {
  if (entities.places.empty()) return absl::OkStatus();
  const absl::Status status = RunAgainAfterDeadlock(pool, "settle", [&](Transaction& transaction) {
    return SettleAll(transaction, call, entities, /*with_local_ids=*/true);
  });
  return absl::IsAlreadyExists(status) ? SettleDisputed(pool, call, entities) : status;
}

}  // namespace

absl::Status SettleStore::Settle(const ModelId& model, const EntityOrder& entities,
                                 const v1::SettleGroup& group) {
  Call call = {model, group};
  std::vector<size_t> deleted, others;
  for (size_t i = 0; i < entities.size(); ++i) {
    (call.Kind(entities.places[i]) == v1::SETTLE_KIND_DELETED ? deleted : others).push_back(i);
  }
  if (deleted.empty()) return SettlePart(pool_, call, entities);
  ASSIGN_OR_RETURN(call.lives, rules_.ComesBack(group.platform(), group.model()));
  // Deletes first: what they set free may be taken by another of the same batch.
  const EntityOrder gone = entities.Pick(deleted);
  RETURN_IF_ERROR(SettlePart(pool_, call, gone));
  RETURN_IF_ERROR(SettlePart(pool_, call, entities.Pick(others)));
  if (call.lives) return absl::OkStatus();
  // After the commit, so that of two targets that are settled at the same time the later one sees both.
  return pool_.InTransactionWithRetry(
      "end_identities", [&](Transaction& transaction) { return EndIdentities(transaction, gone); });
}

}  // namespace cognate::platform_registry
