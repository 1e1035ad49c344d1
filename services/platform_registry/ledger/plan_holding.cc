#include "services/platform_registry/ledger/plan_holding.h"

#include <optional>
#include <vector>

#include "services/platform_registry/ledger/ledger_transaction.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Statement;
using postgres::Transaction;

// A change of the record's own raises its row: nothing older is due there. After a delivery of an older
// version the newer one is due once more, if the delivery was captured behind it: it was written over it.
// LIMIT as in plan_store.cc.
const Statement kHold = {"hold", R"sql(
    WITH k AS MATERIALIZED (
        SELECT k.*
        FROM unnest($4::uuid[], $5::bigint[], $6::bigint[], $7::bytea[])
             AS k(entity_id, version, captured_version, fingerprint)
        LIMIT cardinality($4::uuid[])
    ), held AS (
        UPDATE replicas AS r
        SET desired_version = greatest(r.desired_version, k.version),
            applied_version = k.version,
            fingerprint = k.fingerprint,
            parked_version = 0,
            deleted = false,
            detached = false,
            sync_id = coalesce(r.sync_id, $3),
            planned_at = now()
        FROM k
        WHERE r.entity_id = k.entity_id AND r.model_id = $1 AND r.deleted_version = 9223372036854775807
          AND (k.version > r.desired_version
               OR (k.version < r.applied_version AND k.captured_version > r.applied_version AND NOT r.deleted))
        RETURNING r.entity_id, r.applied_version < r.desired_version AS is_due
    )
    INSERT INTO plan_batches (platform_id, model_id, sync_id, planned_at, entity_ids)
    SELECT $2, $1, $3, now(), array_agg(entity_id)
    FROM held
    WHERE is_due
    HAVING count(*) > 0
)sql"};

}  // namespace

absl::Status HoldVersions(postgres::Pool& pool, const ModelId& model, const SyncId& sync,
                          const EntityOrder& entities, const v1::HeldGroup& group) {
  if (entities.places.empty()) return absl::OkStatus();
  std::vector<int64_t> versions;
  std::vector<int64_t> captured;
  std::vector<std::optional<absl::string_view>> fingerprints;
  for (const int place : entities.places) {
    versions.push_back(group.versions(place));
    captured.push_back(group.captured_versions(place));
    fingerprints.push_back(NullIfEmpty(group.fingerprints(place)));
  }
  Params params;
  params.AddInt32(model.model_id).AddInt32(model.platform_id).AddInt32(sync.sync_id);
  params.AddUuidArray(absl::MakeConstSpan(entities.ids))
      .AddInt64Array(absl::MakeConstSpan(versions))
      .AddInt64Array(absl::MakeConstSpan(captured))
      .AddByteaArray(absl::MakeConstSpan(fingerprints));
  return RunAgainAfterDeadlock(
      pool, "hold", [&](Transaction& transaction) { return transaction.Query(kHold, params).status(); });
}

}  // namespace cognate::platform_registry
