#include "services/change_capture/conflicts/conflict_store.h"

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/logged_row.h"

namespace cognate::change_capture {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kPosition{"conflict_position",
                          "SELECT conflict_cursor.version, version_counter.version FROM conflict_cursor "
                          "CROSS JOIN version_counter"};

const Statement kFindDelivered{"find_delivered",
                               absl::StrCat("SELECT ", kLoggedColumns, R"sql(, own.own_version
    FROM changes AS delivered
    CROSS JOIN LATERAL (
        SELECT max(recent.earlier_version) AS own_version
        FROM (SELECT earlier.version AS earlier_version, earlier.origin_entity_id AS written_by
              FROM changes AS earlier
              WHERE earlier.model_id = delivered.model_id AND earlier.local_id = delivered.local_id
                AND earlier.version < delivered.version
              ORDER BY earlier.model_id, earlier.local_id, earlier.version DESC
              LIMIT 64) AS recent
        WHERE recent.written_by IS NULL
    ) AS own
    WHERE version > $1 AND version <= $2 AND origin_entity_id IS NOT NULL AND model_id = ANY ($3::int4[])
      AND own.own_version IS NOT NULL
    ORDER BY version
    LIMIT $4
)sql")};

// What comes after kLoggedColumns.
constexpr int kMore = 11;

const Statement kStatesUpTo{"states_up_to", absl::StrCat(R"sql(
    SELECT state.*, wanted.place
    FROM unnest($1::int4[], $2::text[]) WITH ORDINALITY AS wanted (model_id, local_id, place)
    CROSS JOIN LATERAL (
        SELECT )sql",
                                                         kLoggedColumns, R"sql(
        FROM changes
        WHERE changes.model_id = wanted.model_id AND changes.local_id = wanted.local_id COLLATE "C"
          AND changes.version <= $3
        ORDER BY changes.model_id, changes.local_id, changes.version DESC
        LIMIT $4
    ) AS state
    ORDER BY wanted.place, state.version
)sql")};

const Statement kAdvance{"advance_conflict_cursor",
                         "UPDATE conflict_cursor SET version = $2 WHERE version = $1 RETURNING version"};

const Statement kInsertConflicts{"insert_conflicts", R"sql(
    INSERT INTO conflicts (conflict_id, model_id, local_id, state, content)
    SELECT * FROM unnest($1::uuid[], $2::int4[], $3::text[], $4::int2[], $5::bytea[])
)sql"};

const Statement kSetState{"set_conflict_state",
                          "UPDATE conflicts SET state = $2::int4 WHERE conflict_id = $1"};

constexpr char kConflictColumns[] = "conflict_id, model_id, local_id, state, created_at, content";

const Statement kGetConflict{
    "get_conflict", absl::StrCat("SELECT ", kConflictColumns, " FROM conflicts WHERE conflict_id = $1")};

const Statement kListConflicts{"list_conflicts",
                               absl::StrCat("SELECT ", kConflictColumns, R"sql( FROM conflicts
    WHERE ($1::uuid IS NULL OR conflict_id < $1) AND ($2 = 0 OR state = $2)
      AND (cardinality($3::int4[]) = 0 OR model_id = ANY ($3)) AND ($4 = '' OR local_id = $4)
    ORDER BY conflict_id DESC
    LIMIT $5
)sql")};

StoredConflict ConflictOf(const Rows& rows, int row) {
  StoredConflict conflict;
  conflict.id = rows.GetUuid(row, 0);
  conflict.record = {rows.GetInt32(row, 1), std::string(rows.GetText(row, 2))};
  conflict.content.ParseFromString(std::string(rows.GetBytes(row, 5)));
  conflict.content.set_name(absl::StrCat("conflicts/", conflict.id.ToString()));
  conflict.content.set_state(static_cast<v1::ConflictState>(rows.GetInt32(row, 3)));
  *conflict.content.mutable_create_time() = ToTimestamp(rows.GetTimestamp(row, 4));
  return conflict;
}

}  // namespace

absl::StatusOr<ConflictStore::Position> ConflictStore::GetPosition() {
  Position position;
  RETURN_IF_ERROR(pool_.Run("conflict_position", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kPosition, {}));
    if (!rows.empty()) position = {rows.GetInt64(0, 0), rows.GetInt64(0, 1)};
    return absl::OkStatus();
  }));
  return position;
}

absl::StatusOr<std::vector<ConflictStore::Met>> ConflictStore::FindDelivered(
    int64_t after, int64_t until, absl::Span<const int32_t> model_ids, int limit) {
  Params params;
  params.AddInt64(after).AddInt64(until).AddInt32Array(model_ids).AddInt32(limit);
  std::vector<Met> met;
  RETURN_IF_ERROR(pool_.Run("find_delivered", [&](Transaction& transaction) -> absl::Status {
    met.clear();
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindDelivered, params));
    ASSIGN_OR_RETURN(std::vector<LoggedState> delivered, log_.StatesOf(rows));
    for (int row = 0; row < rows.size(); ++row) {
      met.push_back({std::move(delivered[static_cast<size_t>(row)]), rows.GetInt64(row, kMore)});
    }
    return absl::OkStatus();
  }));
  return met;
}

absl::StatusOr<std::vector<std::vector<LoggedState>>> ConflictStore::StatesUpTo(
    absl::Span<const RecordId> records, int64_t until) {
  Params params = ParamsOf(records);
  params.AddInt64(until).AddInt32(static_cast<int32_t>(kMaxStates));
  std::vector<std::vector<LoggedState>> states(records.size());
  RETURN_IF_ERROR(pool_.Run("states_up_to", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kStatesUpTo, params));
    for (auto& of_record : states) of_record.clear();
    ASSIGN_OR_RETURN(std::vector<LoggedState> all, log_.StatesOf(rows));
    for (int row = 0; row < rows.size(); ++row) {
      const auto place = static_cast<size_t>(rows.GetInt64(row, kMore) - 1);
      states[place].push_back(std::move(all[static_cast<size_t>(row)]));
    }
    return absl::OkStatus();
  }));
  return states;
}

absl::Status ConflictStore::Advance(Transaction& transaction, int64_t from, int64_t to) {
  Params params;
  params.AddInt64(from).AddInt64(to);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kAdvance, params));
  return rows.empty() ? ConflictsMovedOn() : absl::OkStatus();
}

absl::Status ConflictStore::Insert(Transaction& transaction, absl::Span<const StoredConflict> conflicts) {
  if (conflicts.empty()) return absl::OkStatus();
  std::vector<Uuid> ids;
  std::vector<int32_t> model_ids;
  std::vector<absl::string_view> local_ids;
  std::vector<int16_t> states;
  std::vector<std::string> contents;
  for (const StoredConflict& conflict : conflicts) {
    ids.push_back(conflict.id);
    model_ids.push_back(conflict.record.first);
    local_ids.push_back(conflict.record.second);
    states.push_back(static_cast<int16_t>(conflict.content.state()));
    contents.push_back(conflict.content.SerializeAsString());
  }
  Params params;
  params.AddUuidArray(absl::MakeConstSpan(ids)).AddInt32Array(model_ids).AddTextArray(local_ids);
  params.AddInt16Array(absl::MakeConstSpan(states)).AddByteaArray(contents);
  return transaction.Query(kInsertConflicts, params).status();
}

absl::Status ConflictStore::SetState(Transaction& transaction, const Uuid& id, v1::ConflictState state) {
  Params params;
  params.AddUuid(id).AddInt32(state);
  return transaction.Query(kSetState, params).status();
}

absl::Status ConflictStore::MarkResolved(const Uuid& id) {
  return pool_.Run("resolve_conflict", [&](Transaction& transaction) {
    return SetState(transaction, id, v1::CONFLICT_STATE_RESOLVED);
  });
}

absl::StatusOr<std::optional<StoredConflict>> ConflictStore::Get(const Uuid& id) {
  std::optional<StoredConflict> conflict;
  RETURN_IF_ERROR(pool_.Run("get_conflict", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddUuid(id);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kGetConflict, params));
    if (!rows.empty()) conflict = ConflictOf(rows, 0);
    return absl::OkStatus();
  }));
  return conflict;
}

absl::StatusOr<std::vector<StoredConflict>> ConflictStore::List(const Filter& filter) {
  std::vector<StoredConflict> conflicts;
  RETURN_IF_ERROR(pool_.Run("list_conflicts", [&](Transaction& transaction) -> absl::Status {
    conflicts.clear();
    Params params;
    params.AddUuid(filter.before).AddInt32(filter.state).AddInt32Array(filter.model_ids);
    params.AddText(filter.local_id).AddInt32(filter.limit);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kListConflicts, params));
    for (int row = 0; row < rows.size(); ++row) conflicts.push_back(ConflictOf(rows, row));
    return absl::OkStatus();
  }));
  return conflicts;
}

}  // namespace cognate::change_capture
