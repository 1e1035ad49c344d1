#include "services/platform_registry/ledger/plan_tombstones.h"

#include <optional>
#include <vector>

#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/ledger/ledger_transaction.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// Whoever plans over a delete, marks a source record as deleted, or ends an identity holds its source's row.
// A living row that is deleted and neither due nor awaited is that of a record which its own platform
// deleted: what that says afterwards is of a record that was made anew. Any other deleted row is of one that
// a delivery deletes, and what its platform says was said before that. `to_go` are those, where nobody keeps
// the entity.
const Statement kLockSources = {"lock_sources", R"sql(
    SELECT k.place, s.deleted_version, s.is_to_go AND kept.found IS NULL AS to_go
    FROM unnest($2::uuid[]) WITH ORDINALITY AS k(entity_id, place)
    CROSS JOIN LATERAL (SELECT deleted_version,
                               deleted AND (echo_awaited OR applied_version < desired_version) AS is_to_go
                        FROM replicas
                        WHERE entity_id = k.entity_id AND model_id = $1
                        LIMIT 1
                        FOR UPDATE) s
    LEFT JOIN LATERAL (SELECT true AS found
                       FROM replicas
                       WHERE entity_id = k.entity_id AND NOT deleted
                       LIMIT 1) kept ON true
)sql"};

// What a delivery has made anew, or is making anew now, is another record than the one that was deleted: it
// is to be deleted behind that. The batch is the way to it, as in plan_store.cc.
const Statement kMarkSources = {"mark_sources", R"sql(
    WITH marked AS (
        INSERT INTO replicas AS r (entity_id, model_id, platform_id, desired_version, applied_version, deleted, local_id)
        SELECT k.entity_id, $1, $2, k.version, k.version, true, k.local_id
        FROM unnest($3::uuid[], $4::bigint[], $5::text[]) AS k(entity_id, version, local_id)
        LEFT JOIN LATERAL (SELECT true AS found
                           FROM replicas
                           WHERE entity_id = k.entity_id AND model_id <> $1 AND NOT deleted
                             AND desired_version > k.version
                           LIMIT 1) newer ON true
        WHERE newer.found IS NULL
        ON CONFLICT (entity_id, model_id) DO UPDATE
        SET deleted = true, desired_version = greatest(r.desired_version, excluded.desired_version),
            applied_version = CASE WHEN r.local_id <> excluded.local_id
                                        OR (r.echo_awaited AND NOT r.deleted AND r.applied_version < r.desired_version)
                                   THEN r.applied_version
                                   ELSE greatest(r.desired_version, excluded.desired_version) END,
            planned_at = CASE WHEN r.sync_id IS NULL THEN r.planned_at ELSE now() END,
            echo_awaited = r.echo_awaited AND NOT r.deleted AND r.applied_version < r.desired_version
        WHERE (excluded.desired_version > r.desired_version OR r.deleted) AND r.deleted_version = 9223372036854775807
        RETURNING entity_id, applied_version < desired_version AS is_due
    )
    INSERT INTO plan_batches (platform_id, model_id, sync_id, planned_at, entity_ids)
    SELECT $2, $1, NULL, now(), array_agg(entity_id)
    FROM marked
    WHERE is_due
    HAVING count(*) > 0
)sql"};

// Unless the record has been made anew, or is to be.
const Statement kEndDelivered = {"end_delivered", R"sql(
    INSERT INTO replicas AS r (entity_id, model_id, platform_id, deleted, local_id, deleted_version)
    SELECT k.entity_id, $1, $2, true, k.local_id, k.version
    FROM unnest($3::uuid[], $4::bigint[], $5::text[]) AS k(entity_id, version, local_id)
    ON CONFLICT (entity_id, model_id) DO UPDATE
    SET applied_version = r.desired_version, deleted_version = excluded.deleted_version, echo_awaited = false
    WHERE r.deleted AND r.deleted_version = 9223372036854775807 AND r.local_id = excluded.local_id
)sql"};

// A living row that is marked as deleted is a source's; its desired version is the delete's.
const Statement kEndIdentities = {"end_identities", R"sql(
    WITH gone AS MATERIALIZED (
        SELECT s.entity_id, s.model_id, s.platform_id, s.desired_version
        FROM unnest($1::uuid[]) AS k(entity_id)
        CROSS JOIN LATERAL (SELECT entity_id, model_id, platform_id, desired_version
                            FROM replicas
                            WHERE entity_id = k.entity_id AND deleted AND deleted_version = 9223372036854775807
                              AND local_id IS NOT NULL AND applied_version >= desired_version
                            ORDER BY model_id
                            LIMIT 100
                            FOR UPDATE) s
        LEFT JOIN LATERAL (SELECT true AS found
                           FROM replicas
                           WHERE entity_id = k.entity_id
                             AND (echo_awaited OR NOT (deleted AND applied_version >= desired_version))
                           LIMIT 1) alive ON true
        WHERE alive.found IS NULL
    )
    INSERT INTO replicas AS r (entity_id, model_id, platform_id, deleted_version)
    SELECT entity_id, model_id, platform_id, desired_version
    FROM gone
    ON CONFLICT (entity_id, model_id) DO UPDATE
    SET deleted_version = excluded.deleted_version
)sql"};

Params DeleteParams(const ModelId& model, const EntityOrder& entities, const std::vector<int64_t>& versions) {
  Params params;
  params.AddInt32(model.model_id).AddInt32(model.platform_id);
  params.AddUuidArray(absl::MakeConstSpan(entities.ids)).AddInt64Array(absl::MakeConstSpan(versions));
  return params;
}

std::vector<int64_t> VersionsOf(const EntityOrder& entities, const v1::TombstoneGroup& group) {
  std::vector<int64_t> versions;
  for (const int place : entities.places) versions.push_back(group.versions(place));
  return versions;
}

// Records that their own platform deleted.
absl::Status MarkDeleted(Transaction& transaction, const ModelId& model, const EntityOrder& entities,
                         const v1::TombstoneGroup& group) {
  if (entities.places.empty()) return absl::OkStatus();
  const std::vector<int64_t> versions = VersionsOf(entities, group);
  ASSIGN_OR_RETURN(const Rows locked, LockSources(transaction, model.model_id, entities));
  for (int row = 0; row < locked.size(); ++row) {
    // The delete is that of another entity, which had the local id after this one.
    if (locked.GetInt64(row, 1) < versions[static_cast<size_t>(locked.GetInt64(row, 0) - 1)])
      return EntityEnded();
  }
  std::vector<std::optional<absl::string_view>> local_ids;  // none: not told
  for (const int place : entities.places) {
    const bool is_told = !group.local_ids().empty();
    local_ids.push_back(is_told ? NullIfEmpty(group.local_ids(place)) : std::nullopt);
  }
  Params params = DeleteParams(model, entities, versions);
  params.AddTextArray(absl::MakeConstSpan(local_ids));
  return transaction.Query(kMarkSources, params).status();
}

// Records that a delivery deleted.
absl::Status EndDelivered(Transaction& transaction, const ModelId& model, const EntityOrder& entities,
                          const v1::TombstoneGroup& group) {
  if (entities.places.empty()) return absl::OkStatus();
  std::vector<absl::string_view> local_ids;
  for (const int place : entities.places) local_ids.push_back(group.delivered_local_ids(place));
  Params params = DeleteParams(model, entities, VersionsOf(entities, group));
  params.AddTextArray(absl::MakeConstSpan(local_ids));
  return transaction.Query(kEndDelivered, params).status();
}

}  // namespace

absl::StatusOr<Rows> LockSources(Transaction& transaction, int32_t model_id, const EntityOrder& entities) {
  Params params;
  params.AddInt32(model_id).AddUuidArray(absl::MakeConstSpan(entities.ids));
  return transaction.Query(kLockSources, params);
}

absl::Status WriteTombstones(postgres::Pool& pool, const ModelId& model, const EntityOrder& entities,
                             const v1::TombstoneGroup& group) {
  if (entities.places.empty()) return absl::OkStatus();
  std::vector<size_t> own, delivered;
  for (size_t i = 0; i < entities.size(); ++i) {
    const bool is_own =
        group.delivered_local_ids().empty() || group.delivered_local_ids(entities.places[i]).empty();
    (is_own ? own : delivered).push_back(i);
  }
  return pool.InTransactionWithRetry("tombstone", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(MarkDeleted(transaction, model, entities.Pick(own), group));
    RETURN_IF_ERROR(EndDelivered(transaction, model, entities.Pick(delivered), group));
    return EndIdentities(transaction, entities);
  });
}

absl::Status EndIdentities(Transaction& transaction, const EntityOrder& entities) {
  Params params;
  params.AddUuidArray(absl::MakeConstSpan(entities.ids));
  return transaction.Query(kEndIdentities, params).status();
}

}  // namespace cognate::platform_registry
