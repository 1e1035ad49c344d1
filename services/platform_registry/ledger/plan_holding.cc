#include "services/platform_registry/ledger/plan_holding.h"

#include <optional>
#include <vector>

#include "services/platform_registry/ledger/ledger_transaction.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Statement;
using postgres::Transaction;

// A change of the record's own raises its row: nothing older is due there. What a delivery of an older
// version, which was on its way, does to the record is change-capture's to mend. But a record that is to go
// like all of its entity goes (kLockSources in plan_tombstones.cc). LIMIT as in plan_store.cc.
const Statement kHold = {"hold", R"sql(
    WITH k AS MATERIALIZED (
        SELECT k.*
        FROM unnest($3::uuid[], $4::bigint[], $5::bytea[]) AS k(entity_id, version, fingerprint)
        LIMIT cardinality($3::uuid[])
    )
    UPDATE replicas AS r
    SET desired_version = k.version,
        applied_version = k.version,
        fingerprint = k.fingerprint,
        parked_version = 0,
        deleted = false,
        detached = false,
        sync_id = coalesce(r.sync_id, $2),
        planned_at = now()
    FROM k
    WHERE r.entity_id = k.entity_id AND r.model_id = $1 AND r.deleted_version = 9223372036854775807
      AND k.version > r.desired_version
      AND CASE WHEN r.deleted AND (r.echo_awaited OR r.applied_version < r.desired_version)
               THEN (SELECT true FROM replicas WHERE entity_id = k.entity_id AND NOT deleted LIMIT 1)
               ELSE true END
)sql"};

}  // namespace

absl::Status HoldVersions(postgres::Pool& pool, const ModelId& model, const SyncId& sync,
                          const EntityOrder& entities, const v1::HeldGroup& group) {
  if (entities.places.empty()) return absl::OkStatus();
  std::vector<int64_t> versions;
  std::vector<std::optional<absl::string_view>> fingerprints;
  for (const int place : entities.places) {
    versions.push_back(group.versions(place));
    fingerprints.push_back(NullIfEmpty(group.fingerprints(place)));
  }
  Params params;
  params.AddInt32(model.model_id).AddInt32(sync.sync_id);
  params.AddUuidArray(absl::MakeConstSpan(entities.ids))
      .AddInt64Array(absl::MakeConstSpan(versions))
      .AddByteaArray(absl::MakeConstSpan(fingerprints));
  return RunAgainAfterDeadlock(
      pool, "hold", [&](Transaction& transaction) { return transaction.Query(kHold, params).status(); });
}

}  // namespace cognate::platform_registry
