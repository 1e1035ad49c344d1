#include "services/change_capture/conflicts/owed_store.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/change_capture/logged_row.h"

namespace cognate::change_capture {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr char kOwedColumns[] = "owed.model_id, owed.local_id, owed.version, owed.content";

const Statement kFind{"find_owed", absl::StrCat("SELECT ", kOwedColumns, R"sql(
    FROM unnest($1::int4[], $2::text[]) AS wanted (model_id, local_id)
    JOIN owed ON owed.model_id = wanted.model_id AND owed.local_id = wanted.local_id COLLATE "C"
    UNION
    SELECT )sql",
                                                kOwedColumns, R"sql(
    FROM owed
    WHERE (model_id, local_id) IN (SELECT changes.model_id, changes.local_id
                                   FROM changes
                                   WHERE changes.version > $3 AND changes.version <= $4)
)sql")};

const Statement kPurge{"purge_owed",
                       "DELETE FROM owed WHERE content = '' AND written_at < now() - interval '1 hour'"};

const Statement kGet{"get_owed", absl::StrCat("SELECT ", kOwedColumns, R"sql(
    FROM unnest($1::int4[], $2::text[]) AS wanted (model_id, local_id)
    JOIN owed ON owed.model_id = wanted.model_id AND owed.local_id = wanted.local_id COLLATE "C"
)sql")};

const Statement kNewestHeld{"newest_held", absl::StrCat(R"sql(
    SELECT state.*
    FROM unnest($1::int4[], $2::text[]) AS wanted (model_id, local_id)
    CROSS JOIN LATERAL (
        SELECT )sql",
                                                        kLoggedColumns, R"sql(
        FROM changes
        WHERE changes.model_id = wanted.model_id AND changes.local_id = wanted.local_id COLLATE "C"
          AND is_amended IS NULL
        ORDER BY changes.model_id, changes.local_id, changes.version DESC
        LIMIT 1
    ) AS state
)sql")};

const Statement kAmend{"amend", absl::StrCat(R"sql(
    WITH counter AS (
        UPDATE version_counter
        SET version = version + cardinality($1::int4[])
        WHERE only_row
        RETURNING version - cardinality($1::int4[]) AS base
    ), written AS (
        INSERT INTO changes
            (version, captured_at, source_time, platform_id, model_id, operation, local_id, fields, is_amended)
        SELECT counter.base + item.place, now(), item.source_time, item.platform_id, item.model_id, item.operation,
               item.local_id, item.fields, true
        FROM counter
        CROSS JOIN unnest($1::int4[], $2::int4[], $3::text[], $4::bytea[], $5::timestamptz[], $6::int2[])
            WITH ORDINALITY AS item (platform_id, model_id, local_id, fields, source_time, operation, place)
        RETURNING )sql",
                                             kLoggedColumns, R"sql(
    )
    SELECT * FROM written ORDER BY version
)sql")};

const Statement kPut{"put_owed", R"sql(
    INSERT INTO owed (model_id, local_id, version, content)
    SELECT * FROM unnest($1::int4[], $2::text[], $3::int8[], $4::bytea[])
    ON CONFLICT (model_id, local_id) DO UPDATE
    SET version = excluded.version, content = excluded.content, written_at = now()
)sql"};

const Statement kForget{"forget_owed", R"sql(
    DELETE FROM owed
    USING unnest($1::int4[], $2::text[]) AS gone (model_id, local_id)
    WHERE owed.model_id = gone.model_id AND owed.local_id = gone.local_id COLLATE "C"
)sql"};

// As a v1.Conflict that is not decided: base, own, and what was found in its place. The newest of the edits
// stands for all.
std::string Encode(const Owed& owed) {
  v1::Conflict content;
  for (const auto& [name, item] : owed) {
    v1::ConflictField& field = *content.add_fields();
    field.set_field(name);
    *field.mutable_base() = item.edit.replaced;
    *field.mutable_own() = item.edit.value;
    *field.mutable_delivered() = item.found;
    if (item.edit.version <= content.own_version()) continue;
    content.set_own_version(item.edit.version);
    if (item.edit.time.has_value()) *content.mutable_own_time() = ToTimestamp(*item.edit.time);
  }
  return content.SerializeAsString();
}

Owed Decode(absl::string_view bytes) {
  v1::Conflict content;
  content.ParseFromString(std::string(bytes));
  std::optional<absl::Time> time;
  if (content.has_own_time()) time = ToTime(content.own_time());
  Owed owed;
  for (const v1::ConflictField& field : content.fields()) {
    owed[field.field()] = {{field.own(), field.base(), content.own_version(), time}, field.delivered()};
  }
  return owed;
}

std::map<RecordId, StoredOwed> OwedOf(const Rows& rows) {
  std::map<RecordId, StoredOwed> owed;
  for (int row = 0; row < rows.size(); ++row) {
    owed[{rows.GetInt32(row, 0), std::string(rows.GetText(row, 1))}] = {rows.GetInt64(row, 2),
                                                                        Decode(rows.GetBytes(row, 3))};
  }
  return owed;
}

}  // namespace

absl::StatusOr<std::map<RecordId, StoredOwed>> OwedStore::Find(absl::Span<const RecordId> records,
                                                               int64_t after, int64_t until) {
  std::map<RecordId, StoredOwed> owed;
  Params params = ParamsOf(records);
  params.AddInt64(after).AddInt64(until);
  RETURN_IF_ERROR(pool_.Run("find_owed", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFind, params));
    owed = OwedOf(rows);
    return absl::OkStatus();
  }));
  return owed;
}

absl::Status OwedStore::Purge() {
  return pool_.Run("purge_owed",
                   [&](Transaction& transaction) { return transaction.Query(kPurge, {}).status(); });
}

absl::StatusOr<std::map<RecordId, StoredOwed>> OwedStore::Get(Transaction& transaction,
                                                              absl::Span<const RecordId> records) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kGet, ParamsOf(records)));
  return OwedOf(rows);
}

absl::StatusOr<std::map<RecordId, LoggedState>> OwedStore::NewestHeld(Transaction& transaction,
                                                                      absl::Span<const RecordId> records) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kNewestHeld, ParamsOf(records)));
  ASSIGN_OR_RETURN(std::vector<LoggedState> states, log_.StatesOf(rows));
  std::map<RecordId, LoggedState> newest;
  for (LoggedState& state : states) {
    const RecordId record = {state.model->model_id, state.local_id};
    newest.emplace(record, std::move(state));
  }
  return newest;
}

absl::StatusOr<std::vector<LoggedState>> OwedStore::Amend(Transaction& transaction,
                                                          absl::Span<const Amendment> amendments) {
  if (amendments.empty()) return std::vector<LoggedState>();
  std::vector<int32_t> platform_ids, model_ids;
  std::vector<absl::string_view> local_ids, fields;
  std::vector<std::optional<absl::Time>> source_times;
  std::vector<int16_t> operations;
  for (const Amendment& amendment : amendments) {
    platform_ids.push_back(amendment.state.model->platform_id);
    model_ids.push_back(amendment.state.model->model_id);
    local_ids.push_back(amendment.state.local_id);
    fields.push_back(amendment.state.fields);
    source_times.push_back(amendment.state.source_time);
    const bool is_delete = amendment.state.operation == v1::OPERATION_DELETE;
    operations.push_back(static_cast<int16_t>(is_delete ? v1::OPERATION_DELETE : v1::OPERATION_UPDATE));
  }
  Params params;
  params.AddInt32Array(platform_ids).AddInt32Array(model_ids);
  params.AddTextArray(local_ids).AddByteaArray(fields).AddTimestampArray(absl::MakeConstSpan(source_times));
  params.AddInt16Array(absl::MakeConstSpan(operations));
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kAmend, params));
  ASSIGN_OR_RETURN(std::vector<LoggedState> states, log_.StatesOf(rows));
  std::map<RecordId, StoredOwed> owed;
  for (size_t i = 0; i < states.size(); ++i) {
    if (amendments[i].owed.empty()) continue;
    owed[{states[i].model->model_id, states[i].local_id}] = {states[i].version, amendments[i].owed};
  }
  RETURN_IF_ERROR(Put(transaction, owed));
  return states;
}

absl::Status OwedStore::Put(Transaction& transaction, const std::map<RecordId, StoredOwed>& owed) {
  if (owed.empty()) return absl::OkStatus();
  std::vector<RecordId> records;
  std::vector<int64_t> versions;
  std::vector<std::string> contents;
  for (const auto& [record, stored] : owed) {
    records.push_back(record);
    versions.push_back(stored.version);
    contents.push_back(Encode(stored.edits));
  }
  Params params = ParamsOf(records);
  params.AddInt64Array(absl::MakeConstSpan(versions)).AddByteaArray(contents);
  return transaction.Query(kPut, params).status();
}

absl::Status OwedStore::Forget(Transaction& transaction, absl::Span<const RecordId> records) {
  if (records.empty()) return absl::OkStatus();
  return transaction.Query(kForget, ParamsOf(records)).status();
}

}  // namespace cognate::change_capture
