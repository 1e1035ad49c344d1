#include "services/platform_registry/assignments/assignment_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// LATERAL with LIMIT leaves the planner nothing but one index probe a row (identity_store.cc).
const Statement kFind = {"find_assignments", R"sql(
    SELECT k.place, a.platform_ids, h.platform_ids, coalesce(a.revision, 0), a.update_time
    FROM unnest($1::uuid[]) WITH ORDINALITY AS k(entity_id, place)
    LEFT JOIN LATERAL (SELECT platform_ids, revision, update_time
                       FROM assignments
                       WHERE entity_id = k.entity_id
                       LIMIT 1) a ON true
    LEFT JOIN LATERAL (SELECT array_agg(platform_id) AS platform_ids
                       FROM (SELECT platform_id FROM replicas WHERE entity_id = k.entity_id AND is_home LIMIT 100) home
                      ) h ON true
)sql"};

const Statement kTakeTurn = {"take_turn_with_assignments", R"sql(
    SELECT revision FROM assignment_revision WHERE only_row FOR UPDATE
)sql"};

const Statement kWrite = {"write_assignments", R"sql(
    WITH k AS MATERIALIZED (
        SELECT k.entity_id, k.before::integer[] AS before, k.after::integer[] AS after, k.revision
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) AS k(entity_id, before, after, revision)
    ), written AS (
        INSERT INTO assignments (entity_id, platform_ids, revision, update_time)
        SELECT entity_id, after, revision, now() FROM k
        ON CONFLICT (entity_id) DO UPDATE
        SET platform_ids = excluded.platform_ids, revision = excluded.revision, update_time = excluded.update_time
    ), told AS (
        INSERT INTO assignment_changes (revision, entity_id, before, after, author, change_time)
        SELECT revision, entity_id, before, after, $5, now() FROM k
    )
    UPDATE assignment_revision SET revision = (SELECT max(revision) FROM k) WHERE only_row
    RETURNING now()
)sql"};

// Each writer takes away more than it writes, so that the history keeps its length.
const Statement kForgetOldest = {"forget_oldest_assignment_changes", R"sql(
    DELETE FROM assignment_changes
    WHERE revision IN (SELECT revision
                       FROM (SELECT revision, change_time FROM assignment_changes ORDER BY revision LIMIT $1) oldest
                       WHERE change_time < now() - interval '90 days')
)sql"};

const Statement kHistory = {"select_assignment_history", R"sql(
    SELECT revision, entity_id, before, after, author, change_time
    FROM assignment_changes
    WHERE entity_id = $1
    ORDER BY revision DESC
    LIMIT $2
)sql"};

const Statement kChangesAfter = {"select_assignment_changes", R"sql(
    SELECT revision, entity_id, before, after, author, change_time
    FROM assignment_changes
    WHERE revision > $1
    ORDER BY revision
    LIMIT $2
)sql"};

const Statement kList = {"list_assignments", R"sql(
    SELECT a.entity_id, r.local_id
    FROM assignments a
    CROSS JOIN LATERAL (SELECT local_id
                        FROM replicas
                        WHERE entity_id = a.entity_id AND model_id = $1 AND local_id IS NOT NULL
                          AND deleted_version = 9223372036854775807
                        LIMIT 1) r
    WHERE a.entity_id > $2 AND cardinality(a.platform_ids) > 0 AND ($3::integer IS NULL OR $3 = ANY (a.platform_ids))
    ORDER BY a.entity_id
    LIMIT $4
)sql"};

const Statement kFindRecords = {"find_assigned_records", R"sql(
    SELECT k.entity_id, k.model_id, r.local_id, r.is_home
    FROM unnest($1::uuid[], $2::integer[]) AS k(entity_id, model_id)
    CROSS JOIN LATERAL (SELECT local_id, is_home
                        FROM replicas
                        WHERE entity_id = k.entity_id AND model_id = k.model_id AND local_id IS NOT NULL
                          AND deleted_version = 9223372036854775807
                        LIMIT 1) r
)sql"};

PlatformNumberSet NumbersAt(const Rows& rows, int row, int column) {
  PlatformNumberSet numbers;
  if (rows.IsNull(row, column)) return numbers;
  for (const std::optional<int64_t>& number : rows.GetInt64Array(row, column)) {
    numbers.push_back(static_cast<int32_t>(number.value_or(0)));
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

absl::StatusOr<std::vector<StoredAssignments>> Select(Transaction& transaction,
                                                      absl::Span<const Uuid> entities) {
  std::vector<StoredAssignments> found(entities.size());
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFind, Params().AddUuidArray(entities)));
  for (int row = 0; row < rows.size(); ++row) {
    StoredAssignments& one = found[static_cast<size_t>(rows.GetInt64(row, 0) - 1)];
    one.platforms = NumbersAt(rows, row, 1);
    one.homes = NumbersAt(rows, row, 2);
    one.revision = rows.GetInt64(row, 3);
    if (!rows.IsNull(row, 4)) one.update_time = rows.GetTimestamp(row, 4);
  }
  return found;
}

std::string Literal(const PlatformNumberSet& numbers) {
  return absl::StrCat("{", absl::StrJoin(numbers, ","), "}");
}

// What is to be written, column by column.
struct Changed {
  std::vector<size_t> places;
  std::vector<Uuid> entities;
  std::vector<std::string> before, after;
  std::vector<int64_t> revisions;
};

absl::Status Write(Transaction& transaction, const Changed& changed, const std::string& author,
                   std::vector<StoredAssignments>* stored) {
  if (changed.places.empty()) return absl::OkStatus();
  Params params;
  params.AddUuidArray(absl::MakeConstSpan(changed.entities))
      .AddTextArray(absl::MakeConstSpan(changed.before))
      .AddTextArray(absl::MakeConstSpan(changed.after))
      .AddInt64Array(absl::MakeConstSpan(changed.revisions))
      .AddText(author);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kWrite, params));
  for (const size_t place : changed.places) (*stored)[place].update_time = rows.GetTimestamp(0, 0);
  const auto forgotten = static_cast<int64_t>(2 * changed.places.size());
  return transaction.Query(kForgetOldest, Params().AddInt64(forgotten)).status();
}

std::vector<StoredAssignmentChange> ChangesOf(const Rows& rows) {
  std::vector<StoredAssignmentChange> changes;
  for (int row = 0; row < rows.size(); ++row) {
    changes.push_back({rows.GetInt64(row, 0), rows.GetUuid(row, 1), NumbersAt(rows, row, 2),
                       NumbersAt(rows, row, 3), std::string(rows.GetText(row, 4)),
                       rows.GetTimestamp(row, 5)});
  }
  return changes;
}

}  // namespace

absl::StatusOr<std::vector<StoredAssignments>> AssignmentStore::Find(absl::Span<const Uuid> entities) {
  std::vector<StoredAssignments> found;
  if (entities.empty()) return found;
  RETURN_IF_ERROR(pool_.Run("find_assignments", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(found, Select(transaction, entities));
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::vector<StoredAssignments>> AssignmentStore::Set(absl::Span<const Uuid> entities,
                                                                    const std::string& author, Change change,
                                                                    int* changed_count) {
  std::vector<StoredAssignments> stored;
  RETURN_IF_ERROR(pool_.InTransaction("set_assignments", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows turn, transaction.Query(kTakeTurn));
    int64_t revision = turn.GetInt64(0, 0);
    ASSIGN_OR_RETURN(stored, Select(transaction, entities));
    Changed changed;
    for (size_t i = 0; i < entities.size(); ++i) {
      ASSIGN_OR_RETURN(PlatformNumberSet wanted, change(i, stored[i]));
      if (wanted == stored[i].platforms) continue;
      changed.places.push_back(i);
      changed.entities.push_back(entities[i]);
      changed.before.push_back(Literal(stored[i].platforms));
      changed.after.push_back(Literal(wanted));
      changed.revisions.push_back(++revision);
      stored[i].platforms = std::move(wanted);
      stored[i].revision = revision;
    }
    *changed_count = static_cast<int>(changed.places.size());
    return Write(transaction, changed, author, &stored);
  }));
  return stored;
}

absl::StatusOr<std::vector<StoredAssignmentChange>> AssignmentStore::History(const Uuid& entity, int limit) {
  std::vector<StoredAssignmentChange> changes;
  RETURN_IF_ERROR(pool_.Run("assignment_history", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kHistory, Params().AddUuid(entity).AddInt32(limit)));
    changes = ChangesOf(rows);
    return absl::OkStatus();
  }));
  return changes;
}

absl::StatusOr<std::vector<StoredAssignmentChange>> AssignmentStore::ChangesAfter(int64_t revision,
                                                                                  int limit) {
  std::vector<StoredAssignmentChange> changes;
  RETURN_IF_ERROR(pool_.Run("assignment_changes", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(kChangesAfter, Params().AddInt64(revision).AddInt32(limit)));
    changes = ChangesOf(rows);
    return absl::OkStatus();
  }));
  return changes;
}

absl::StatusOr<std::vector<AssignedRecord>> AssignmentStore::List(int32_t model_id,
                                                                  std::optional<int32_t> assigned_to,
                                                                  const Uuid& after, int limit) {
  Params params;
  params.AddInt32(model_id).AddUuid(after);
  if (assigned_to.has_value()) {
    params.AddInt32(*assigned_to);
  } else {
    params.AddNull();
  }
  params.AddInt32(limit);
  std::vector<AssignedRecord> records;
  RETURN_IF_ERROR(pool_.Run("list_assignments", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kList, params));
    for (int row = 0; row < rows.size(); ++row) {
      records.push_back({rows.GetUuid(row, 0), std::string(rows.GetText(row, 1))});
    }
    return absl::OkStatus();
  }));
  return records;
}

absl::StatusOr<std::vector<SourceRecord>> AssignmentStore::FindRecords(absl::Span<const Uuid> entities,
                                                                       absl::Span<const int32_t> model_ids) {
  std::vector<SourceRecord> records;
  if (entities.empty()) return records;
  RETURN_IF_ERROR(pool_.Run("find_assigned_records", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(
        const Rows rows,
        transaction.Query(kFindRecords, Params().AddUuidArray(entities).AddInt32Array(model_ids)));
    for (int row = 0; row < rows.size(); ++row) {
      records.push_back({rows.GetUuid(row, 0), rows.GetInt32(row, 1), std::string(rows.GetText(row, 2)),
                         rows.GetBool(row, 3)});
    }
    return absl::OkStatus();
  }));
  return records;
}

}  // namespace cognate::platform_registry
