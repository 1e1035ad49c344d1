#include "services/platform_registry/ledger/plan_leaving.h"

#include <vector>

#include "common/status/status_macros.h"
#include "services/platform_registry/ledger/ledger_transaction.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// How the leave actions stand in the statement.
enum class Leaving : int16_t { kWrite = 1, kKeep = 2, kDetach = 3, kStay = 4 };

// Of a row that is there: `gone` is deleted on the target, `unsure` was never confirmed there (or not since
// its last delete), any other is on the target. What is unsure may be on its way, so it is deleted. A delete
// that is still due stays due: leaving adds nothing to it. What stays for now has what it had, unless
// something else was on its way to it. LIMIT as in plan_store.cc.
const Statement kPlanLeaving = {"plan_leaving", R"sql(
    WITH batch AS (
        INSERT INTO plan_batches (platform_id, model_id, sync_id, planned_at, entity_ids)
        VALUES ($2, $1, $3, now(), $4)
    ), k AS MATERIALIZED (
        SELECT k.entity_id, k.version, k.leaving, r.found, r.gone, r.unsure
        FROM unnest($4::uuid[], $5::bigint[], $6::smallint[]) AS k(entity_id, version, leaving)
        LEFT JOIN LATERAL (SELECT true AS found, deleted AND applied_version >= desired_version AS gone,
                                  applied_version = 0 OR deleted_version <> 9223372036854775807 AS unsure
                           FROM replicas
                           WHERE entity_id = k.entity_id AND model_id = $1
                           LIMIT 1
                           FOR UPDATE) r ON true
        LIMIT cardinality($4::uuid[])
    ), known AS (
        UPDATE replicas AS r
        SET desired_version = k.version,
            applied_version = CASE WHEN k.gone OR (NOT k.unsure AND k.leaving <> 1) THEN k.version
                                   ELSE r.applied_version END,
            parked_version = 0,
            deleted = k.gone OR k.unsure OR k.leaving = 3,
            deleted_version = CASE WHEN NOT k.gone AND NOT k.unsure AND k.leaving = 3 THEN k.version
                                   ELSE r.deleted_version END,
            detached = NOT k.gone AND NOT k.unsure AND (k.leaving = 2 OR (k.leaving = 4 AND r.detached)),
            fingerprint = CASE WHEN k.leaving = 4 AND r.applied_version < r.desired_version THEN NULL
                               ELSE r.fingerprint END,
            sync_id = $3,
            planned_at = now()
        FROM k
        WHERE k.found AND r.entity_id = k.entity_id AND r.model_id = $1
          AND ((k.version > r.desired_version AND (k.gone OR k.unsure OR NOT r.deleted))
               OR (k.version = r.desired_version AND r.applied_version < r.desired_version
                   AND (k.unsure OR NOT r.deleted)))
        RETURNING r.entity_id, r.applied_version >= r.desired_version AS applied, r.deleted,
                  CASE WHEN r.deleted_version = 9223372036854775807 THEN r.local_id END AS local_id
    ), made AS (
        INSERT INTO replicas (entity_id, model_id, platform_id, sync_id, desired_version, applied_version, deleted,
                              planned_at)
        SELECT entity_id, $1, $2, $3, version, version, true, now()
        FROM k
        WHERE found IS NULL
        ON CONFLICT (entity_id, model_id) DO NOTHING
        RETURNING entity_id, true AS applied, deleted, local_id
    )
    SELECT entity_id, applied, deleted, local_id FROM known
    UNION ALL
    SELECT entity_id, applied, deleted, local_id FROM made
    ORDER BY entity_id
)sql"};

const Statement kFindLeft = {"find_left", R"sql(
    SELECT k.place, r.desired_version <= r.applied_version AND r.desired_version = k.version,
           CASE WHEN r.deleted_version = 9223372036854775807 THEN r.local_id END
    FROM unnest($2::uuid[], $3::bigint[]) WITH ORDINALITY AS k(entity_id, version, place)
    CROSS JOIN LATERAL (SELECT desired_version, applied_version, deleted_version, local_id
                        FROM replicas
                        WHERE entity_id = k.entity_id AND model_id = $1
                        LIMIT 1) r
)sql"};

Leaving LeavingOf(v1::LeaveAction action) {
  switch (action) {
    case v1::LEAVE_ACTION_KEEP:
      return Leaving::kKeep;
    case v1::LEAVE_ACTION_DETACH:
      return Leaving::kDetach;
    default:
      return Leaving::kWrite;
  }
}

class Planner {
 public:
  Planner(const ModelId& model, const SyncId& sync, const v1::PlanGroup& group, v1::PlannedGroup* planned)
      : model_(model), sync_(sync), group_(group), planned_(planned) {}

  // Gives those that the statement did not answer for.
  absl::StatusOr<EntityOrder> Plan(Transaction& transaction, const EntityOrder& entities) {
    std::vector<int16_t> leaving;
    for (const int place : entities.places) {
      const bool stays = place < group_.stays_size() && group_.stays(place);
      leaving.push_back(static_cast<int16_t>(stays ? Leaving::kStay : LeavingOf(group_.leaves(place))));
    }
    const std::vector<int64_t> versions = VersionsOf(entities);
    Params params;
    params.AddInt32(model_.model_id).AddInt32(model_.platform_id).AddInt32(sync_.sync_id);
    params.AddUuidArray(absl::MakeConstSpan(entities.ids)).AddInt64Array(absl::MakeConstSpan(versions));
    params.AddInt16Array(absl::MakeConstSpan(leaving));
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kPlanLeaving, params));
    std::vector<size_t> rest;
    int row = 0;
    for (size_t i = 0; i < entities.size(); ++i) {
      if (row == rows.size() || rows.GetBytes(row, 0) != entities.ids[i].AsBytes()) {
        rest.push_back(i);
        continue;
      }
      const v1::PlanDecision due =
          rows.GetBool(row, 2) ? v1::PLAN_DECISION_DUE_AS_DELETE : v1::PLAN_DECISION_DUE;
      Decide(entities.places[i], rows.GetBool(row, 1) ? v1::PLAN_DECISION_APPLIED : due,
             rows.GetText(row, 3));
      ++row;
    }
    return entities.Pick(rest);
  }

  absl::Status DecideRest(Transaction& transaction, const EntityOrder& rest) {
    const std::vector<int64_t> versions = VersionsOf(rest);
    Params params;
    params.AddInt32(model_.model_id).AddUuidArray(absl::MakeConstSpan(rest.ids));
    params.AddInt64Array(absl::MakeConstSpan(versions));
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindLeft, params));
    for (const int place : rest.places) Decide(place, v1::PLAN_DECISION_STALE, "");
    for (int row = 0; row < rows.size(); ++row) {
      if (!rows.GetBool(row, 1)) continue;
      Decide(rest.places[static_cast<size_t>(rows.GetInt64(row, 0) - 1)], v1::PLAN_DECISION_APPLIED,
             rows.GetText(row, 2));
    }
    return absl::OkStatus();
  }

 private:
  std::vector<int64_t> VersionsOf(const EntityOrder& entities) const {
    std::vector<int64_t> versions;
    versions.reserve(entities.size());
    for (const int place : entities.places) versions.push_back(group_.versions(place));
    return versions;
  }

  void Decide(int place, v1::PlanDecision decision, absl::string_view local_id) const {
    planned_->set_decisions(place, decision);
    planned_->mutable_local_ids(place)->assign(local_id.data(), local_id.size());
  }

  const ModelId& model_;
  const SyncId& sync_;
  const v1::PlanGroup& group_;
  v1::PlannedGroup* const planned_;
};

}  // namespace

absl::Status PlanLeaving(postgres::Pool& pool, const ModelId& model, const SyncId& sync,
                         const EntityOrder& entities, const v1::PlanGroup& group, v1::PlannedGroup* planned) {
  Planner planner(model, sync, group, planned);
  return RunAgainAfterDeadlock(pool, "plan_leaving", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(EntityOrder rest, planner.Plan(transaction, entities));
    // Rows that another made at this very moment are there now.
    if (!rest.places.empty()) {
      ASSIGN_OR_RETURN(rest, planner.Plan(transaction, rest));
    }
    return rest.places.empty() ? absl::OkStatus() : planner.DecideRest(transaction, rest);
  });
}

}  // namespace cognate::platform_registry
