#include "services/change_capture/renewal.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/change_capture/logged_row.h"

namespace cognate::change_capture {
namespace {

const postgres::Statement kLockVersions{"lock_versions",
                                        "SELECT FROM version_counter WHERE only_row FOR UPDATE"};

// Parameters 1 and 2 are the records. The LATERAL reads one row of the index for each record, whatever the
// planner believes of the table. `wanted` is how the parameters are read, `which` of the latest changes are
// written again, as `operation`, and with which origin.
postgres::Statement WritingAgain(const char* name, absl::string_view wanted, absl::string_view which,
                                 absl::string_view operation, absl::string_view origin_version) {
  return {name, absl::StrCat(R"sql(
    WITH latest AS MATERIALIZED (
        SELECT change.*, row_number() OVER () AS place
        FROM )sql",
                             wanted, R"sql(
        CROSS JOIN LATERAL (
            SELECT version, platform_id, model_id, local_id, operation, fields, source_time, origin_entity_id
            FROM changes
            WHERE changes.model_id = wanted.model_id AND changes.local_id = wanted.local_id COLLATE "C"
              AND is_amended IS NULL
            ORDER BY changes.model_id, changes.local_id, changes.version DESC
            LIMIT 1
        ) AS change
        WHERE )sql",
                             which, R"sql(
    ), counter AS (
        UPDATE version_counter
        SET version = version_counter.version + (SELECT count(*) FROM latest)
        WHERE only_row
        RETURNING version_counter.version - (SELECT count(*) FROM latest) AS base
    ), written AS (
        INSERT INTO changes
            (version, captured_at, source_time, platform_id, model_id, operation, local_id, fields, origin_version)
        SELECT counter.base + place, now(), source_time, platform_id, model_id, )sql",
                             operation, ", local_id, fields, ", origin_version, R"sql(
        FROM latest CROSS JOIN counter
        RETURNING )sql",
                             kLoggedColumns, R"sql(
    )
    SELECT * FROM written ORDER BY version
)sql")};
}

const postgres::Statement kRenew =
    WritingAgain("renew_changes", "unnest($1::int4[], $2::text[]) AS wanted (model_id, local_id)",
                 "change.operation <> $3::int4", "$4::int4", "latest.version");

const postgres::Statement kRenewDeletes = WritingAgain(
    "renew_deletes", "unnest($1::int4[], $2::text[], $4::bigint[]) AS wanted (model_id, local_id, before)",
    "change.operation = $3::int4 AND change.origin_entity_id IS NULL AND change.version < wanted.before",
    "operation", "NULL::bigint");

// Whose latest changes are to be written again.
class Records {
 public:
  // `local_id` outlives this.
  void Add(const LoggedModel* model, absl::string_view local_id) {
    models_[model->model_id] = model;
    model_ids_.push_back(model->model_id);
    local_ids_.push_back(local_id);
  }
  // Parameters 1 to 3.
  postgres::Params ToParams() const {
    postgres::Params params;
    params.AddInt32Array(model_ids_).AddTextArray(local_ids_).AddInt32(v1::OPERATION_DELETE);
    return params;
  }
  absl::Status WriteAgain(postgres::Transaction& transaction, const postgres::Statement& statement,
                          const postgres::Params& params, std::vector<LoggedState>* written) const {
    RETURN_IF_ERROR(LockVersions(transaction));
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(statement, params));
    for (int row = 0; row < rows.size(); ++row) {
      written->push_back(StateOfRow(rows, row, *models_.at(ModelIdOfRow(rows, row))));
    }
    return absl::OkStatus();
  }

 private:
  absl::flat_hash_map<int32_t, const LoggedModel*> models_;
  std::vector<int32_t> model_ids_;
  std::vector<absl::string_view> local_ids_;
};

}  // namespace

absl::Status LockVersions(postgres::Transaction& transaction) {
  return transaction.Query(kLockVersions, {}).status();
}

absl::StatusOr<std::vector<LoggedState>> Renew(postgres::Transaction& transaction,
                                               const std::vector<LoggedState>& states) {
  Records records;
  std::vector<LoggedState> renewed;
  for (const LoggedState& state : states) {
    records.Add(state.model, state.local_id);
    if (state.operation == v1::OPERATION_DELETE) renewed.push_back(state);
  }
  postgres::Params params = records.ToParams();
  params.AddInt32(v1::OPERATION_UPDATE);
  RETURN_IF_ERROR(records.WriteAgain(transaction, kRenew, params, &renewed));
  return renewed;
}

absl::StatusOr<std::vector<LoggedState>> RenewDeletes(postgres::Transaction& transaction,
                                                      const std::vector<DeletedRecord>& deleted) {
  Records records;
  std::vector<int64_t> before;
  for (const DeletedRecord& record : deleted) {
    records.Add(record.model, record.local_id);
    before.push_back(record.before);
  }
  postgres::Params params = records.ToParams();
  params.AddInt64Array(before);
  std::vector<LoggedState> renewed;
  RETURN_IF_ERROR(records.WriteAgain(transaction, kRenewDeletes, params, &renewed));
  return renewed;
}

}  // namespace cognate::change_capture
