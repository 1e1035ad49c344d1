#include "services/platform_registry/ledger/merge_entities.h"

#include <algorithm>

#include "common/status/status_macros.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// All rows of these entities, which are few each; in ascending order, as batches lock them.
const Statement kLockPlaces = {"lock_places", R"sql(
    SELECT r.entity_id, r.model_id, r.local_id, r.deleted_version = 9223372036854775807
    FROM unnest($1::uuid[]) AS k(entity_id)
    CROSS JOIN LATERAL (SELECT entity_id, model_id, local_id, deleted_version
                        FROM replicas
                        WHERE entity_id = k.entity_id AND local_id IS NOT NULL
                        ORDER BY model_id
                        LIMIT 100
                        FOR UPDATE) r
)sql"};

// Where the heir is there already its own versions go on, unless that of the other is newer and is what the
// record of both holds. Answers how many records would be nobody's: those that were settled after the look.
const Statement kMerge = {"merge_entities", R"sql(
    WITH ended AS (
        DELETE FROM replicas AS r
        USING unnest($2::uuid[], $3::uuid[], $4::bigint[]) AS k(entity_id, heir_id, version)
        WHERE r.entity_id = k.entity_id
        RETURNING k.heir_id, k.version, r.model_id, r.platform_id, r.sync_id, r.desired_version, r.applied_version, r.deleted,
                  r.local_id IS NOT NULL AND r.deleted_version = 9223372036854775807 AS lives
    ), inherited AS (
        INSERT INTO replicas AS h (entity_id, model_id, platform_id, sync_id, desired_version, planned_at)
        SELECT heir_id, model_id, platform_id, sync_id, CASE WHEN desired_version <= version THEN desired_version ELSE 1 END, now()
        FROM ended
        WHERE model_id <> $1 AND sync_id IS NOT NULL AND applied_version < desired_version AND NOT deleted
        ORDER BY heir_id, model_id
        ON CONFLICT (entity_id, model_id) DO UPDATE
        SET desired_version = excluded.desired_version, parked_version = 0, sync_id = excluded.sync_id,
            planned_at = excluded.planned_at
        WHERE excluded.desired_version > greatest(h.desired_version, 1) AND NOT h.deleted
        RETURNING entity_id, model_id, platform_id, sync_id
    ), batches AS (
        INSERT INTO plan_batches (platform_id, model_id, sync_id, planned_at, entity_ids)
        SELECT platform_id, model_id, sync_id, now(), array_agg(entity_id)
        FROM inherited
        GROUP BY platform_id, model_id, sync_id
    )
    SELECT count(*) FROM ended WHERE lives AND model_id <> $1
)sql"};

}  // namespace

absl::StatusOr<absl::flat_hash_map<Uuid, std::vector<Place>>> LockPlaces(Transaction& transaction,
                                                                         std::vector<Uuid> entities) {
  std::sort(entities.begin(), entities.end());
  entities.erase(std::unique(entities.begin(), entities.end()), entities.end());
  Params params;
  params.AddUuidArray(absl::MakeConstSpan(entities));
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kLockPlaces, params));
  absl::flat_hash_map<Uuid, std::vector<Place>> places;
  for (int row = 0; row < rows.size(); ++row) {
    places[rows.GetUuid(row, 0)].push_back(
        {rows.GetInt32(row, 1), std::string(rows.GetText(row, 2)), rows.GetBool(row, 3)});
  }
  return places;
}

absl::Status MergeEntities(Transaction& transaction, int32_t model_id, absl::Span<const Merge> merges) {
  if (merges.empty()) return absl::OkStatus();
  std::vector<Uuid> ended, heirs;
  std::vector<int64_t> versions;
  for (const Merge& merge : merges) {
    ended.push_back(merge.ended);
    heirs.push_back(merge.heir);
    versions.push_back(merge.version);
  }
  Params params;
  params.AddInt32(model_id).AddUuidArray(absl::MakeConstSpan(ended));
  params.AddUuidArray(absl::MakeConstSpan(heirs)).AddInt64Array(absl::MakeConstSpan(versions));
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kMerge, params));
  if (rows.GetInt64(0, 0) == 0) return absl::OkStatus();
  return absl::AlreadyExistsError("one that was to end has got a record elsewhere meanwhile; look again");
}

}  // namespace cognate::platform_registry
