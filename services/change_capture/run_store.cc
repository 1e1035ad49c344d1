#include "services/change_capture/run_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"

namespace cognate::change_capture {
namespace {

constexpr char kColumns[] =
    " run_id, kind, sync, source_platform, source_model, target_platform, state, cursor, record_count,"
    " replayed_count, error, created_at, finished_at, after_version, until_version, resume_at, extra_count,"
    " extra_ids, hold ";

const postgres::Statement kRaiseRevision{"raise_rules_revision", R"sql(
    UPDATE version_counter SET rules_revision = greatest(rules_revision, $1) WHERE only_row RETURNING version
)sql"};

const postgres::Statement kInsertRun{"insert_run", R"sql(
    INSERT INTO runs
        (run_id, request_id, kind, sync, source_platform, source_model, target_platform, state, record_count,
         after_version, until_version, hold)
    VALUES ($1, $2, $3::int4, $4, $5, $6, $7, $8::int4, $9, $10, $11, $12)
    ON CONFLICT (request_id) DO NOTHING
)sql"};

const postgres::Statement kSelectByRequest{
    "select_run_by_request",
    absl::StrCat("SELECT", kColumns,
                 "FROM runs WHERE run_id = $1 OR request_id = $2 ORDER BY run_id LIMIT 1")};

const postgres::Statement kSelectRun{"select_run",
                                     absl::StrCat("SELECT", kColumns, "FROM runs WHERE run_id = $1")};

const postgres::Statement kListRuns{
    "list_runs",
    absl::StrCat("SELECT", kColumns,
                 "FROM runs WHERE $1::uuid IS NULL OR run_id < $1 ORDER BY run_id DESC LIMIT $2")};

const postgres::Statement kListRunsOfSync{
    "list_runs_of_sync", absl::StrCat("SELECT", kColumns,
                                      "FROM runs WHERE sync = $3 AND ($1::uuid IS NULL OR run_id < $1)"
                                      " ORDER BY run_id DESC LIMIT $2")};

const postgres::Statement kSelectUnfinished{
    "select_unfinished_runs",
    absl::StrCat("SELECT", kColumns, "FROM runs WHERE finished_at IS NULL AND state <> ", v1::RUN_STATE_HELD,
                 " ORDER BY run_id LIMIT 100")};

const postgres::Statement kUpdateRun{"update_run", R"sql(
    UPDATE runs
    SET state = $4::int4, cursor = $5, record_count = $6, replayed_count = $7, error = $8,
        finished_at = CASE WHEN $9 THEN now() END, until_version = $10, resume_at = $11, extra_count = $12,
        extra_ids = $13
    WHERE run_id = $1 AND state = $2::int4 AND cursor = $3 COLLATE "C"
)sql"};

const postgres::Statement kEndOlder{"end_older_runs", R"sql(
    UPDATE runs
    SET state = $4::int4, error = $5, finished_at = now()
    WHERE sync = $1 AND kind = $2::int4 AND run_id < $3 AND finished_at IS NULL
)sql"};

constexpr int kKeptRuns = 50;

const postgres::Statement kForgetOld{"forget_old_runs", R"sql(
    DELETE FROM runs
    WHERE sync = $1 AND kind = $2::int4 AND state = $3::int4
      AND run_id < (SELECT run_id FROM runs WHERE sync = $1 AND kind = $2::int4 ORDER BY run_id DESC OFFSET $4 LIMIT 1)
)sql"};

StoredRun RunFromRow(const postgres::Rows& rows, int row) {
  StoredRun run;
  run.id = rows.GetUuid(row, 0);
  run.kind = static_cast<v1::RunKind>(rows.GetInt32(row, 1));
  run.sync = std::string(rows.GetText(row, 2));
  run.source_platform = std::string(rows.GetText(row, 3));
  run.source_model = std::string(rows.GetText(row, 4));
  run.target_platform = std::string(rows.GetText(row, 5));
  run.state = static_cast<v1::RunState>(rows.GetInt32(row, 6));
  run.cursor = std::string(rows.GetText(row, 7));
  run.record_count = rows.GetInt64(row, 8);
  run.replayed_count = rows.GetInt64(row, 9);
  run.error = std::string(rows.GetText(row, 10));
  run.create_time = rows.GetTimestamp(row, 11);
  if (!rows.IsNull(row, 12)) run.finish_time = rows.GetTimestamp(row, 12);
  run.after_version = rows.GetInt64(row, 13);
  run.until_version = rows.GetInt64(row, 14);
  if (!rows.IsNull(row, 15)) run.resume_time = rows.GetTimestamp(row, 15);
  run.extra_count = rows.GetInt64(row, 16);
  for (const std::optional<absl::string_view>& extra : rows.GetTextArray(row, 17))
    run.extra_ids.emplace_back(extra.value_or(""));
  run.hold = rows.GetBool(row, 18);
  return run;
}

}  // namespace

bool IsFinished(v1::RunState state) { return state == v1::RUN_STATE_DONE || state == v1::RUN_STATE_FAILED; }

v1::Run StoredRun::ToMessage() const {
  v1::Run message;
  message.set_name(absl::StrCat("runs/", id.ToString()));
  message.set_kind(kind);
  message.set_sync(sync);
  message.set_state(state);
  message.set_record_count(record_count);
  message.set_replayed_count(replayed_count);
  *message.mutable_create_time() = ToTimestamp(create_time);
  if (finish_time) *message.mutable_finish_time() = ToTimestamp(*finish_time);
  message.set_error(error);
  message.set_extra_count(extra_count);
  for (const std::string& extra : extra_ids) message.add_extra_ids(extra);
  return message;
}

absl::StatusOr<StoredRun> RunStore::Create(const StoredRun& run, absl::string_view request_id,
                                           int64_t rules_revision, const Along& along) {
  StoredRun created;
  RETURN_IF_ERROR(pool_.InTransaction("create_run", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params revision;
    revision.AddInt64(rules_revision);
    ASSIGN_OR_RETURN(const postgres::Rows counter, transaction.Query(kRaiseRevision, revision));
    if (along) RETURN_IF_ERROR(along(transaction));
    const std::optional<std::string> request =
        request_id.empty() ? std::nullopt : std::optional<std::string>(request_id);
    postgres::Params params;
    params.AddUuid(run.id)
        .AddText(request)
        .AddInt32(run.kind)
        .AddText(run.sync)
        .AddText(run.source_platform)
        .AddText(run.source_model)
        .AddText(run.target_platform)
        .AddInt32(run.state)
        .AddInt64(run.record_count)
        .AddInt64(run.after_version)
        .AddInt64(counter.GetInt64(0, 0))
        .AddBool(run.hold);
    RETURN_IF_ERROR(transaction.Query(kInsertRun, params).status());
    postgres::Params key;
    key.AddUuid(run.id).AddText(request);
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kSelectByRequest, key));
    if (rows.empty()) return RunNotFound(run.id.ToString());
    created = RunFromRow(rows, 0);
    return absl::OkStatus();
  }));
  return created;
}

absl::StatusOr<std::optional<StoredRun>> RunStore::Get(const Uuid& id) {
  postgres::Params params;
  params.AddUuid(id);
  ASSIGN_OR_RETURN(std::vector<StoredRun> runs, Select(kSelectRun, params));
  if (runs.empty()) return std::optional<StoredRun>();
  return std::optional<StoredRun>(std::move(runs.front()));
}

absl::StatusOr<std::vector<StoredRun>> RunStore::List(const std::optional<Uuid>& before, int limit,
                                                      absl::string_view sync) {
  postgres::Params params;
  params.AddUuid(before).AddInt32(limit);
  if (sync.empty()) return Select(kListRuns, params);
  params.AddText(sync);
  return Select(kListRunsOfSync, params);
}

absl::StatusOr<std::vector<StoredRun>> RunStore::Unfinished() { return Select(kSelectUnfinished, {}); }

absl::StatusOr<std::vector<StoredRun>> RunStore::Select(const postgres::Statement& statement,
                                                        const postgres::Params& params) {
  std::vector<StoredRun> runs;
  RETURN_IF_ERROR(pool_.Run("select_runs", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(statement, params));
    for (int row = 0; row < rows.size(); ++row) runs.push_back(RunFromRow(rows, row));
    return absl::OkStatus();
  }));
  return runs;
}

absl::Status RunStore::Save(postgres::Transaction& transaction, const StoredRun& before,
                            const StoredRun& after) {
  postgres::Params params;
  params.AddUuid(before.id)
      .AddInt32(before.state)
      .AddText(before.cursor)
      .AddInt32(after.state)
      .AddText(after.cursor)
      .AddInt64(after.record_count)
      .AddInt64(after.replayed_count)
      .AddText(after.error)
      .AddBool(IsFinished(after.state))
      .AddInt64(after.until_version)
      .AddTimestamp(after.resume_time)
      .AddInt64(after.extra_count)
      .AddTextArray(after.extra_ids);
  ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kUpdateRun, params));
  return rows.affected() == 1 ? absl::OkStatus() : RunMovedOn(before.id.ToString());
}

absl::Status RunStore::EndOlder(postgres::Transaction& transaction, const StoredRun& newest) {
  postgres::Params params;
  params.AddText(newest.sync).AddInt32(newest.kind).AddUuid(newest.id).AddInt32(v1::RUN_STATE_FAILED);
  params.AddText(absl::StrCat("runs/", newest.id.ToString(), " was started in its place"));
  return transaction.Query(kEndOlder, params).status();
}

absl::Status RunStore::ForgetOld(postgres::Transaction& transaction, absl::string_view sync) {
  postgres::Params params;
  params.AddText(sync).AddInt32(v1::RUN_KIND_SCHEDULED).AddInt32(v1::RUN_STATE_DONE).AddInt32(kKeptRuns);
  return transaction.Query(kForgetOld, params).status();
}

absl::Status RunStore::Save(const StoredRun& before, const StoredRun& after) {
  return pool_.Run("save_run",
                   [&](postgres::Transaction& transaction) { return Save(transaction, before, after); });
}

}  // namespace cognate::change_capture
