#include "services/platform_registry/ledger/replica_queries.h"

#include <optional>
#include <vector>

#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// What paused, broken or deleted syncs alone have planned is not replayed: it would stand before all else and
// never move. A replica names one of the syncs between its models, so each counts as long as any of them is
// active. Only those that write to the platform: each lane that begins asks this.
const Statement kSelectActiveSyncs = {"select_active_syncs", R"sql(
    SELECT p.platform_id,
           (SELECT array_agg(sync_id)::bigint[]
            FROM (SELECT s.sync_id, bool_or(NOT s.deleted AND s.definition->>'status' = 'SYNC_STATUS_ACTIVE'
                                            AND s.broken = '')
                                    OVER (PARTITION BY s.source_model_id, s.target_model_id) AS is_taken
                  FROM models m
                  CROSS JOIN LATERAL (SELECT sync_id, source_model_id, target_model_id, definition, deleted, broken
                                      FROM syncs
                                      WHERE target_model_id = m.model_id
                                      LIMIT 1000000) s
                  WHERE m.platform_id = p.platform_id) way
            WHERE is_taken)
    FROM platforms p
    WHERE p.name = $1
)sql"};

// Batches in the order of time; of each the replicas that it was the last to plan, and that are due still.
// What a mirror removes from where it is comes from there itself.
const Statement kListPending = {"list_pending", R"sql(
    SELECT r.entity_id, m.model, r.desired_version, CASE WHEN is_own THEN $5 ELSE sp.name END,
           CASE WHEN is_own THEN m.model ELSE sm.model END, CASE WHEN is_own THEN r.local_id ELSE s.local_id END
    FROM (SELECT b.planned_at, r.entity_id, r.model_id, r.desired_version, r.sync_id, r.local_id, r.is_home
          FROM plan_batches b
          CROSS JOIN LATERAL unnest(b.entity_ids) AS k(entity_id)
          CROSS JOIN LATERAL (SELECT entity_id, model_id, desired_version, sync_id, local_id, is_home
                              FROM replicas
                              WHERE entity_id = k.entity_id AND model_id = b.model_id AND planned_at = b.planned_at
                                AND applied_version < desired_version AND parked_version < desired_version
                                AND sync_id = ANY ($4::bigint[])
                              LIMIT 1) r
          WHERE b.platform_id = $1 AND b.planned_at < $2 AND (b.sync_id IS NULL OR b.sync_id = ANY ($4::bigint[]))
          ORDER BY b.planned_at
          LIMIT $3) r
    JOIN models m ON m.model_id = r.model_id
    JOIN syncs y ON y.sync_id = r.sync_id
    JOIN models sm ON sm.model_id = y.source_model_id
    JOIN platforms sp ON sp.platform_id = sm.platform_id
    LEFT JOIN LATERAL (SELECT local_id
                       FROM replicas
                       WHERE entity_id = r.entity_id AND model_id = y.source_model_id
                       LIMIT 1) s ON true
    CROSS JOIN LATERAL (SELECT r.is_home AND s.local_id IS NULL AS is_own) own
    ORDER BY r.planned_at
)sql"};

const Statement kFindEntity = {"find_entity", R"sql(
    SELECT r.entity_id
    FROM platforms p
    JOIN models m ON m.platform_id = p.platform_id
    CROSS JOIN LATERAL (SELECT entity_id
                        FROM replicas
                        WHERE model_id = m.model_id AND local_id = $3
                        ORDER BY deleted_version DESC
                        LIMIT 1) r
    WHERE p.name = $1 AND m.model = $2
)sql"};

// With each change of what is assigned, too: LATERAL as in plan_store.cc. What has no sync is a source: it
// desires nothing, also after its delete. What is deleted for us and has the fingerprint of what was applied
// was detached for good: a delete that was applied there has none. (A model that is a source, too, may have
// deleted it by itself.)
const Statement kSelectReplicas = {"select_replicas", R"sql(
    SELECT p.name, m.model, r.local_id, CASE WHEN r.sync_id IS NULL THEN 0 ELSE r.desired_version END,
           CASE WHEN r.sync_id IS NULL THEN 0 ELSE r.applied_version END, r.parked_version, r.deleted, r.planned_at,
           r.detached OR (r.deleted AND r.fingerprint IS NOT NULL
                          AND NOT EXISTS (SELECT 1 FROM syncs WHERE source_model_id = r.model_id LIMIT 1)),
           r.entity_id
    FROM unnest($1::uuid[]) AS k(entity_id)
    CROSS JOIN LATERAL (SELECT entity_id, model_id, local_id, sync_id, desired_version, applied_version, parked_version,
                               deleted, planned_at, detached, fingerprint
                        FROM replicas
                        WHERE entity_id = k.entity_id
                        LIMIT 1000000) r
    CROSS JOIN LATERAL (SELECT platform_id, model FROM models WHERE model_id = r.model_id LIMIT 1) m
    CROSS JOIN LATERAL (SELECT name FROM platforms WHERE platform_id = m.platform_id LIMIT 1) p
    ORDER BY r.entity_id, (p.name = $2 AND m.model = $3) DESC, p.name, m.model
)sql"};

// LIMIT as in plan_store.cc.
const Statement kSelectStands = {"select_stands", R"sql(
    SELECT k.place,
           NOT r.deleted AND r.deleted_version = 9223372036854775807 AND r.applied_version > 0 AND r.local_id IS NOT NULL,
           r.local_id, r.fingerprint, r.applied_version >= r.desired_version, r.detached
    FROM unnest($2::uuid[]) WITH ORDINALITY AS k(entity_id, place)
    CROSS JOIN LATERAL (SELECT deleted, deleted_version, applied_version, desired_version, local_id, fingerprint, detached
                        FROM replicas
                        WHERE entity_id = k.entity_id AND model_id = $1
                        LIMIT 1) r
)sql"};

// Reads all replicas: not for every second.
const Statement kCountReplicas = {"count_replicas", R"sql(
    SELECT s.name, coalesce(sum(c.total), 0)::bigint, coalesce(sum(c.converged), 0)::bigint,
           coalesce(sum(c.pending), 0)::bigint, coalesce(sum(c.parked), 0)::bigint
    FROM syncs s
    LEFT JOIN (SELECT sync_id, count(*) AS total,
                      count(*) FILTER (WHERE applied_version >= desired_version) AS converged,
                      count(*) FILTER (WHERE applied_version < desired_version
                                         AND parked_version < desired_version) AS pending,
                      count(*) FILTER (WHERE applied_version < desired_version
                                         AND parked_version >= desired_version) AS parked
               FROM replicas
               WHERE sync_id IS NOT NULL
               GROUP BY sync_id) c USING (sync_id)
    WHERE NOT s.deleted AND ($1 = '' OR s.name = $1)
    GROUP BY s.name
    ORDER BY s.name
)sql"};

void SetKey(absl::string_view platform, absl::string_view model, absl::string_view local_id,
            v1::RecordKey* key) {
  key->set_platform(std::string(platform));
  key->set_model(std::string(model));
  key->set_local_id(std::string(local_id));
}

// A parked replica is in a state that only its trouble knows.
v1::ReplicaState StateOf(const v1::Replica& replica, int64_t parked_version, bool detached) {
  if (replica.applied_version() >= replica.desired_version()) {
    if (!detached) return v1::REPLICA_STATE_CONVERGED;
    // What stays as it is without ever having been brought there.
    const bool is_skipped = replica.record().local_id().empty() && !replica.deleted();
    return is_skipped ? v1::REPLICA_STATE_SKIPPED : v1::REPLICA_STATE_DETACHED;
  }
  if (parked_version >= replica.desired_version()) return v1::REPLICA_STATE_UNSPECIFIED;
  return v1::REPLICA_STATE_PENDING;
}

v1::Replica ReplicaFromRow(const Rows& rows, int row) {
  v1::Replica replica;
  replica.set_entity_id(rows.GetUuid(row, 9).ToString());
  SetKey(rows.GetText(row, 0), rows.GetText(row, 1), rows.GetText(row, 2), replica.mutable_record());
  replica.set_desired_version(rows.GetInt64(row, 3));
  replica.set_applied_version(rows.GetInt64(row, 4));
  replica.set_state(StateOf(replica, rows.GetInt64(row, 5), rows.GetBool(row, 8)));
  replica.set_deleted(rows.GetBool(row, 6));
  if (!rows.IsNull(row, 7)) *replica.mutable_plan_time() = ToTimestamp(rows.GetTimestamp(row, 7));
  return replica;
}

}  // namespace

absl::StatusOr<v1::ListPendingResponse> ReplicaQueries::ListPending(absl::string_view platform,
                                                                    absl::Time planned_before, int limit) {
  v1::ListPendingResponse response;
  RETURN_IF_ERROR(pool_.Run("list_pending", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows active, transaction.Query(kSelectActiveSyncs, Params().AddText(platform)));
    if (active.empty()) return PlatformNotFound(platform);
    if (active.IsNull(0, 1)) return absl::OkStatus();
    std::vector<int64_t> syncs;
    for (const std::optional<int64_t> sync : active.GetInt64Array(0, 1)) syncs.push_back(sync.value_or(0));
    Params params;
    params.AddInt32(active.GetInt32(0, 0)).AddTimestamp(planned_before).AddInt64(limit);
    params.AddInt64Array(absl::MakeConstSpan(syncs)).AddText(platform);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kListPending, params));
    for (int row = 0; row < rows.size(); ++row) {
      v1::PendingReplica* replica = response.add_replicas();
      replica->set_entity_id(std::string(rows.GetBytes(row, 0)));
      replica->set_model(std::string(rows.GetText(row, 1)));
      replica->set_desired_version(rows.GetInt64(row, 2));
      SetKey(rows.GetText(row, 3), rows.GetText(row, 4), rows.GetText(row, 5), replica->mutable_source());
    }
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::GetReplicasResponse> ReplicaQueries::GetReplicas(const v1::RecordKey& record) {
  v1::GetReplicasResponse response;
  RETURN_IF_ERROR(pool_.Run("get_replicas", [&](Transaction& transaction) -> absl::Status {
    Params key;
    key.AddText(record.platform()).AddText(record.model()).AddText(record.local_id());
    ASSIGN_OR_RETURN(const Rows found, transaction.Query(kFindEntity, key));
    if (found.empty()) return RecordUnknown(record.platform(), record.model(), record.local_id());
    const Uuid entity = found.GetUuid(0, 0);
    Params params;
    params.AddUuidArray(absl::MakeConstSpan(&entity, 1)).AddText(record.platform()).AddText(record.model());
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectReplicas, params));
    for (int row = 0; row < rows.size(); ++row) *response.add_replicas() = ReplicaFromRow(rows, row);
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::BatchGetReplicasResponse> ReplicaQueries::BatchGetReplicas(const EntityOrder& entities) {
  v1::BatchGetReplicasResponse response;
  RETURN_IF_ERROR(pool_.Run("batch_get_replicas", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddUuidArray(absl::MakeConstSpan(entities.ids)).AddText("").AddText("");
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectReplicas, params));
    for (int row = 0; row < rows.size(); ++row) *response.add_replicas() = ReplicaFromRow(rows, row);
    return absl::OkStatus();
  }));
  return response;
}

absl::Status ReplicaQueries::GetStands(const ModelId& model, const EntityOrder& entities,
                                       v1::GetReplicaStandsResponse* response) {
  for (size_t i = 0; i < entities.size(); ++i) response->add_stands();
  return pool_.Run("get_replica_stands", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddInt32(model.model_id).AddUuidArray(absl::MakeConstSpan(entities.ids));
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectStands, params));
    for (int row = 0; row < rows.size(); ++row) {
      const int place = entities.places[static_cast<size_t>(rows.GetInt64(row, 0) - 1)];
      v1::ReplicaStand* const stand = response->mutable_stands(place);
      stand->set_is_there(rows.GetBool(row, 1));
      if (stand->is_there()) stand->set_local_id(std::string(rows.GetText(row, 2)));
      if (!rows.IsNull(row, 3)) stand->set_fingerprint(std::string(rows.GetBytes(row, 3)));
      stand->set_is_settled(rows.GetBool(row, 4));
      stand->set_is_detached(rows.GetBool(row, 5));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<v1::CountReplicasResponse> ReplicaQueries::CountReplicas(absl::string_view sync) {
  v1::CountReplicasResponse response;
  RETURN_IF_ERROR(pool_.InTransaction("count_replicas", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Execute("SET LOCAL enable_seqscan = on"));
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCountReplicas, Params().AddText(sync)));
    if (rows.empty() && !sync.empty()) return SyncNotFound(sync);
    for (int row = 0; row < rows.size(); ++row) {
      v1::ReplicaCount* count = response.add_counts();
      count->set_sync(SyncName(rows.GetText(row, 0)));
      count->set_total_count(rows.GetInt64(row, 1));
      count->set_converged_count(rows.GetInt64(row, 2));
      count->set_pending_count(rows.GetInt64(row, 3));
      count->set_parked_count(rows.GetInt64(row, 4));
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace cognate::platform_registry
