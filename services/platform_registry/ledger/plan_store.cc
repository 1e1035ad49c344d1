#include "services/platform_registry/ledger/plan_store.h"

#include <optional>
#include <vector>

#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/ledger/ledger_transaction.h"
#include "services/platform_registry/ledger/plan_holding.h"
#include "services/platform_registry/ledger/plan_leaving.h"
#include "services/platform_registry/ledger/plan_tombstones.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// The batch is the way to these rows while they are due (plan_batches). The delete of what the target never
// had, or has deleted already, is applied at once, and so is what the target has just so while nothing is on
// its way to it. Rows that are there are updated in place, which costs a
// third of an upsert. A row that is not answered is stale, applied, made by another at this very moment, or
// deleted with a newer upsert: the last is not for this statement, because the record may be another one now.
// LIMIT says nothing new to the server, and makes its planner expect one row: it probes the index then,
// whatever it believes of the table.
const Statement kPlan = {"plan", R"sql(
    WITH batch AS (
        INSERT INTO plan_batches (platform_id, model_id, sync_id, planned_at, entity_ids)
        VALUES ($2, $1, $3, now(), $4)
    ), k AS MATERIALIZED (
        SELECT k.entity_id, k.version, k.deleted, k.fingerprint, r.found
        FROM unnest($4::uuid[], $5::bigint[], $6::bool[], $7::bytea[]) AS k(entity_id, version, deleted, fingerprint)
        LEFT JOIN LATERAL (SELECT true AS found
                           FROM replicas
                           WHERE entity_id = k.entity_id AND model_id = $1
                           LIMIT 1) r ON true
        LIMIT cardinality($4::uuid[])
    ), known AS (
        UPDATE replicas AS r
        SET desired_version = k.version,
            applied_version = CASE WHEN r.applied_version >= r.desired_version AND k.deleted = r.deleted
                                        AND (k.deleted OR (k.fingerprint = r.fingerprint AND NOT r.detached
                                                           AND r.deleted_version = 9223372036854775807))
                                   THEN k.version
                                   ELSE r.applied_version END,
            parked_version = 0,
            deleted = k.deleted,
            detached = false,
            sync_id = $3,
            planned_at = now()
        FROM k
        WHERE k.found AND r.entity_id = k.entity_id AND r.model_id = $1
          AND ((k.version > r.desired_version AND (k.deleted OR NOT r.deleted))
               OR (k.version = r.desired_version AND r.applied_version < r.desired_version))
        RETURNING r.entity_id, r.applied_version >= r.desired_version AS applied,
                  CASE WHEN r.deleted_version = 9223372036854775807 AND NOT r.echo_awaited THEN r.local_id END AS local_id
    ), made AS (
        INSERT INTO replicas (entity_id, model_id, platform_id, sync_id, desired_version, applied_version, deleted,
                              planned_at)
        SELECT entity_id, $1, $2, $3, version, CASE WHEN deleted THEN version ELSE 0 END, deleted, now()
        FROM k
        WHERE found IS NULL
        ON CONFLICT (entity_id, model_id) DO NOTHING
        RETURNING entity_id, applied_version >= desired_version AS applied, local_id
    )
    SELECT entity_id, applied, local_id FROM known
    UNION ALL
    SELECT entity_id, applied, local_id FROM made
    ORDER BY entity_id
)sql"};

// For those whose delete is known to be over, or whom another planned at this very moment.
const Statement kPlanAfterDelete = {"plan_after_delete", R"sql(
    WITH batch AS (
        INSERT INTO plan_batches (platform_id, model_id, sync_id, planned_at, entity_ids)
        VALUES ($2, $1, $3, now(), $4)
    )
    INSERT INTO replicas AS r (entity_id, model_id, platform_id, sync_id, desired_version, deleted, planned_at)
    SELECT k.entity_id, $1, $2, $3, k.version, k.deleted, now()
    FROM unnest($4::uuid[], $5::bigint[], $6::bool[]) AS k(entity_id, version, deleted)
    ON CONFLICT (entity_id, model_id) DO UPDATE
    SET desired_version = excluded.desired_version, parked_version = 0, deleted = excluded.deleted, detached = false,
        sync_id = excluded.sync_id, planned_at = excluded.planned_at
    WHERE excluded.desired_version >= r.desired_version
    RETURNING entity_id, applied_version >= desired_version,
              CASE WHEN deleted_version = 9223372036854775807 AND NOT echo_awaited THEN local_id END
)sql"};

const Statement kFindReplicas = {"find_planned", R"sql(
    SELECT k.place, r.desired_version, r.applied_version, CASE WHEN r.deleted_version = 9223372036854775807 AND NOT r.echo_awaited THEN r.local_id END
    FROM unnest($2::uuid[]) WITH ORDINALITY AS k(entity_id, place)
    CROSS JOIN LATERAL (SELECT desired_version, applied_version, deleted_version, echo_awaited, local_id
                        FROM replicas
                        WHERE entity_id = k.entity_id AND model_id = $1
                        LIMIT 1) r
)sql"};

// A source row without a sync is no target: it desires nothing. One that a newer version deleted stays so.
// The rows are there, and locked.
const Statement kUnmarkSources = {"unmark_sources", R"sql(
    INSERT INTO replicas AS r (entity_id, model_id, platform_id, desired_version)
    SELECT k.entity_id, $1, 0, k.version
    FROM unnest($2::uuid[], $3::bigint[]) AS k(entity_id, version)
    ON CONFLICT (entity_id, model_id) DO UPDATE
    SET deleted = false,
        desired_version = CASE WHEN r.sync_id IS NULL THEN 0 ELSE r.desired_version END,
        applied_version = CASE WHEN r.sync_id IS NULL THEN 0 ELSE r.applied_version END
    WHERE r.deleted AND r.desired_version < excluded.desired_version
)sql"};

// One call of Plan.
struct Call {
  const ModelId& model;
  const SyncId& sync;
  const v1::PlanGroup& group;
  v1::PlannedGroup* planned;

  int64_t Version(int place) const { return group.versions(place); }
  void Decide(int place, v1::PlanDecision decision, absl::string_view local_id) const {
    planned->set_decisions(place, decision);
    planned->mutable_local_ids(place)->assign(local_id.data(), local_id.size());
  }
};

Params PlanParams(const Call& call, const EntityOrder& entities, bool with_fingerprints) {
  std::vector<int64_t> versions;
  std::vector<bool> deletes;
  std::vector<std::optional<absl::string_view>> fingerprints;  // none: the statement fills up with NULL
  versions.reserve(entities.size());
  deletes.reserve(entities.size());
  for (const int place : entities.places) {
    versions.push_back(call.Version(place));
    deletes.push_back(call.group.deletes(place));
    if (!call.group.fingerprints().empty())
      fingerprints.push_back(NullIfEmpty(call.group.fingerprints(place)));
  }
  Params params;
  params.AddInt32(call.model.model_id).AddInt32(call.model.platform_id).AddInt32(call.sync.sync_id);
  params.AddUuidArray(absl::MakeConstSpan(entities.ids))
      .AddInt64Array(absl::MakeConstSpan(versions))
      .AddBoolArray(deletes);
  if (with_fingerprints) params.AddByteaArray(absl::MakeConstSpan(fingerprints));
  return params;
}

// Runs one of the two plan statements; gives the entities that it did not answer for. Both answer in the
// order of their parameters.
absl::StatusOr<EntityOrder> PlanWith(Transaction& transaction, const Statement& statement, const Call& call,
                                     const EntityOrder& entities) {
  const bool with_fingerprints = &statement == &kPlan;
  ASSIGN_OR_RETURN(const Rows rows,
                   transaction.Query(statement, PlanParams(call, entities, with_fingerprints)));
  std::vector<size_t> rest;
  int row = 0;
  for (size_t i = 0; i < entities.size(); ++i) {
    if (row == rows.size() || rows.GetBytes(row, 0) != entities.ids[i].AsBytes()) {
      rest.push_back(i);
      continue;
    }
    call.Decide(entities.places[i], rows.GetBool(row, 1) ? v1::PLAN_DECISION_APPLIED : v1::PLAN_DECISION_DUE,
                rows.GetText(row, 2));
    ++row;
  }
  return entities.Pick(rest);
}

// Decides what is stale or applied; gives those that come back after a delete, or that another
// has just planned for the first time.
absl::StatusOr<EntityOrder> DecideRest(Transaction& transaction, const Call& call, const EntityOrder& rest) {
  Params params;
  params.AddInt32(call.model.model_id).AddUuidArray(absl::MakeConstSpan(rest.ids));
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindReplicas, params));
  std::vector<size_t> returning;
  for (int row = 0; row < rows.size(); ++row) {
    const auto index = static_cast<size_t>(rows.GetInt64(row, 0) - 1);
    const int place = rest.places[index];
    const int64_t version = call.Version(place);
    const int64_t desired = rows.GetInt64(row, 1);
    if (desired < version) {
      returning.push_back(index);
    } else if (desired > version) {
      call.Decide(place, v1::PLAN_DECISION_STALE, rows.GetText(row, 3));
    } else {
      const bool is_applied = rows.GetInt64(row, 2) >= version;
      call.Decide(place, is_applied ? v1::PLAN_DECISION_APPLIED : v1::PLAN_DECISION_DUE,
                  rows.GetText(row, 3));
    }
  }
  return rest.Pick(returning);
}

// Upserts over deletes. The source record says whether it is still the same: it was marked as deleted and is
// back, or its identity has ended and the version belongs to another entity. An edit of a record that is to
// go like all of its entity brings none of them back: what a person sees there meanwhile would be edited
// again, newer than any delete.
absl::Status PlanReturning(Transaction& transaction, const Call& call, const EntityOrder& returning) {
  ASSIGN_OR_RETURN(const Rows sources, LockSources(transaction, call.sync.source_model_id, returning));
  std::vector<size_t> found;
  std::vector<bool> is_over(returning.size(), false);  // the record was deleted since, or is to be
  for (int row = 0; row < sources.size(); ++row) {
    const auto index = static_cast<size_t>(sources.GetInt64(row, 0) - 1);
    const int place = returning.places[index];
    const int64_t deleted_version = sources.GetInt64(row, 1);
    if (deleted_version < call.Version(place)) return EntityEnded();
    is_over[index] = deleted_version != kLiving || sources.GetBool(row, 2);
    if (is_over[index]) {
      call.Decide(place, v1::PLAN_DECISION_STALE, "");
    } else {
      found.push_back(index);
    }
  }
  const EntityOrder back = returning.Pick(found);
  std::vector<int64_t> versions;
  for (const int place : back.places) versions.push_back(call.Version(place));
  Params marked;
  marked.AddInt32(call.sync.source_model_id).AddUuidArray(absl::MakeConstSpan(back.ids));
  marked.AddInt64Array(absl::MakeConstSpan(versions));
  RETURN_IF_ERROR(transaction.Query(kUnmarkSources, marked).status());
  std::vector<size_t> due;
  for (size_t i = 0; i < returning.size(); ++i) {
    if (!is_over[i]) due.push_back(i);
  }
  ASSIGN_OR_RETURN(const EntityOrder overtaken,
                   PlanWith(transaction, kPlanAfterDelete, call, returning.Pick(due)));
  for (const int place : overtaken.places) call.Decide(place, v1::PLAN_DECISION_STALE, "");
  return absl::OkStatus();
}

}  // namespace

absl::Status PlanStore::Plan(const ModelId& model, const SyncId& sync, const EntityOrder& entities,
                             const v1::PlanGroup& group, v1::PlannedGroup* planned) {
  planned->mutable_decisions()->Resize(group.entity_ids_size(), v1::PLAN_DECISION_UNSPECIFIED);
  planned->mutable_local_ids()->Reserve(group.entity_ids_size());
  for (int i = 0; i < group.entity_ids_size(); ++i) planned->add_local_ids();
  if (entities.places.empty()) return absl::OkStatus();
  if (group.leaves().empty()) return PlanScoped(model, sync, entities, group, planned);

  std::vector<size_t> leaving, others;
  for (size_t i = 0; i < entities.size(); ++i) {
    const bool leaves = group.leaves(entities.places[i]) != v1::LEAVE_ACTION_UNSPECIFIED;
    (leaves ? leaving : others).push_back(i);
  }
  if (!others.empty()) {
    RETURN_IF_ERROR(PlanScoped(model, sync, entities.Pick(others), group, planned));
  }
  if (leaving.empty()) return absl::OkStatus();
  return PlanLeaving(pool_, model, sync, entities.Pick(leaving), group, planned);
}

absl::Status PlanStore::PlanScoped(const ModelId& model, const SyncId& sync, const EntityOrder& entities,
                                   const v1::PlanGroup& group, v1::PlannedGroup* planned) {
  const Call call = {model, sync, group, planned};
  EntityOrder returning;
  RETURN_IF_ERROR(RunAgainAfterDeadlock(pool_, "plan", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(returning, PlanWith(transaction, kPlan, call, entities));
    if (returning.places.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(returning, DecideRest(transaction, call, returning));
    return absl::OkStatus();
  }));
  if (returning.places.empty()) return absl::OkStatus();
  return pool_.InTransactionWithRetry("plan_after_delete", [&](Transaction& transaction) {
    return PlanReturning(transaction, call, returning);
  });
}

absl::Status PlanStore::Hold(const ModelId& model, const SyncId& sync, const EntityOrder& entities,
                             const v1::HeldGroup& group) {
  return HoldVersions(pool_, model, sync, entities, group);
}

absl::Status PlanStore::Tombstone(const ModelId& model, const EntityOrder& entities,
                                  const v1::TombstoneGroup& group) {
  return WriteTombstones(pool_, model, entities, group);
}

}  // namespace cognate::platform_registry
