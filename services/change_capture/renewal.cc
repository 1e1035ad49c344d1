#include "services/change_capture/renewal.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/change_capture/logged_row.h"

namespace cognate::change_capture {
namespace {

const postgres::Statement kLockVersions{"lock_versions",
                                        "SELECT FROM version_counter WHERE only_row FOR UPDATE"};

// The LATERAL reads one row of the index for each record, whatever the planner believes of the table.
const postgres::Statement kRenew{"renew_changes", absl::StrCat(R"sql(
    WITH latest AS MATERIALIZED (
        SELECT change.*, row_number() OVER () AS place
        FROM unnest($1::int4[], $2::text[]) AS wanted (model_id, local_id)
        CROSS JOIN LATERAL (
            SELECT version, platform_id, model_id, local_id, operation, fields, source_time
            FROM changes
            WHERE changes.model_id = wanted.model_id AND changes.local_id = wanted.local_id COLLATE "C"
              AND is_amended IS NULL
            ORDER BY changes.model_id, changes.local_id, changes.version DESC
            LIMIT 1
        ) AS change
        WHERE change.operation <> $3::int4
    ), counter AS (
        UPDATE version_counter
        SET version = version_counter.version + (SELECT count(*) FROM latest)
        WHERE only_row
        RETURNING version_counter.version - (SELECT count(*) FROM latest) AS base
    ), written AS (
        INSERT INTO changes
            (version, captured_at, source_time, platform_id, model_id, operation, local_id, fields, origin_version)
        SELECT counter.base + place, now(), source_time, platform_id, model_id, $4::int4, local_id, fields, latest.version
        FROM latest CROSS JOIN counter
        RETURNING )sql",
                                                               kLoggedColumns, R"sql(
    )
    SELECT * FROM written ORDER BY version
)sql")};

const postgres::Statement kRenewDeletes{"renew_deletes", absl::StrCat(R"sql(
    WITH latest AS MATERIALIZED (
        SELECT change.*, row_number() OVER () AS place
        FROM unnest($1::int4[], $2::text[], $3::bigint[]) AS wanted (model_id, local_id, before)
        CROSS JOIN LATERAL (
            SELECT version, platform_id, model_id, local_id, operation, fields, source_time, origin_entity_id
            FROM changes
            WHERE changes.model_id = wanted.model_id AND changes.local_id = wanted.local_id COLLATE "C"
              AND is_amended IS NULL
            ORDER BY changes.model_id, changes.local_id, changes.version DESC
            LIMIT 1
        ) AS change
        WHERE change.operation = $4::int4 AND change.origin_entity_id IS NULL AND change.version < wanted.before
    ), counter AS (
        UPDATE version_counter
        SET version = version_counter.version + (SELECT count(*) FROM latest)
        WHERE only_row
        RETURNING version_counter.version - (SELECT count(*) FROM latest) AS base
    ), written AS (
        INSERT INTO changes (version, captured_at, source_time, platform_id, model_id, operation, local_id, fields)
        SELECT counter.base + place, now(), source_time, platform_id, model_id, operation, local_id, fields
        FROM latest CROSS JOIN counter
        RETURNING )sql",
                                                                      kLoggedColumns, R"sql(
    )
    SELECT * FROM written ORDER BY version
)sql")};

}  // namespace

absl::Status LockVersions(postgres::Transaction& transaction) {
  return transaction.Query(kLockVersions, {}).status();
}

absl::StatusOr<std::vector<LoggedState>> Renew(postgres::Transaction& transaction,
                                               const std::vector<LoggedState>& states) {
  absl::flat_hash_map<int32_t, const LoggedModel*> models;
  std::vector<int32_t> model_ids;
  std::vector<absl::string_view> local_ids;
  std::vector<LoggedState> renewed;
  for (const LoggedState& state : states) {
    models[state.model->model_id] = state.model;
    model_ids.push_back(state.model->model_id);
    local_ids.push_back(state.local_id);
    if (state.operation == v1::OPERATION_DELETE) renewed.push_back(state);
  }
  RETURN_IF_ERROR(LockVersions(transaction));
  postgres::Params params;
  params.AddInt32Array(model_ids).AddTextArray(local_ids);
  params.AddInt32(v1::OPERATION_DELETE).AddInt32(v1::OPERATION_UPDATE);
  ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kRenew, params));
  for (int row = 0; row < rows.size(); ++row) {
    renewed.push_back(StateOfRow(rows, row, *models.at(ModelIdOfRow(rows, row))));
  }
  return renewed;
}

absl::StatusOr<std::vector<LoggedState>> RenewDeletes(postgres::Transaction& transaction,
                                                      const std::vector<DeletedRecord>& records) {
  absl::flat_hash_map<int32_t, const LoggedModel*> models;
  std::vector<int32_t> model_ids;
  std::vector<absl::string_view> local_ids;
  std::vector<int64_t> before;
  for (const DeletedRecord& record : records) {
    models[record.model->model_id] = record.model;
    model_ids.push_back(record.model->model_id);
    local_ids.push_back(record.local_id);
    before.push_back(record.before);
  }
  RETURN_IF_ERROR(LockVersions(transaction));
  postgres::Params params;
  params.AddInt32Array(model_ids).AddTextArray(local_ids).AddInt64Array(before);
  params.AddInt32(v1::OPERATION_DELETE);
  ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kRenewDeletes, params));
  std::vector<LoggedState> renewed;
  for (int row = 0; row < rows.size(); ++row) {
    renewed.push_back(StateOfRow(rows, row, *models.at(ModelIdOfRow(rows, row))));
  }
  return renewed;
}

}  // namespace cognate::change_capture
