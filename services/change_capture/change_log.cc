#include "services/change_capture/change_log.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/logged_row.h"

namespace cognate::change_capture {
namespace {

const postgres::Statement kSelectModels{"select_models", R"sql(
    SELECT model_id, platform_id, platform, model
    FROM models JOIN platforms USING (platform_id)
)sql"};

const postgres::Statement kInsertPlatform{"insert_platform", R"sql(
    INSERT INTO platforms (platform) VALUES ($1) ON CONFLICT (platform) DO NOTHING
)sql"};

const postgres::Statement kInsertModel{"insert_model", R"sql(
    INSERT INTO models (platform_id, model)
    SELECT platform_id, $2 FROM platforms WHERE platform = $1
    ON CONFLICT (platform_id, model) DO NOTHING
)sql"};

// LATERAL with LIMIT: one descent of the index for each key, whatever the planner believes about the table.
const postgres::Statement kSelectLatest{"select_latest", absl::StrCat(R"sql(
    SELECT change.*
    FROM unnest($1::int4[], $2::text[]) AS wanted (model_id, local_id)
    CROSS JOIN LATERAL (
        SELECT )sql",
                                                                      kLoggedColumns, R"sql(
        FROM changes
        WHERE changes.model_id = wanted.model_id AND changes.local_id = wanted.local_id COLLATE "C"
        ORDER BY changes.model_id, changes.local_id, changes.version DESC
        LIMIT 1
    ) AS change
)sql")};

// Hops from record to record through the index, however many versions each has.
const postgres::Statement kSelectPage{"select_page", absl::StrCat(R"sql(
    WITH RECURSIVE record AS (
        (SELECT local_id, version, 1 AS place
         FROM changes
         WHERE model_id = $1 AND local_id > $2 COLLATE "C"
         ORDER BY model_id, local_id, version DESC
         LIMIT 1)
        UNION ALL
        SELECT following.local_id, following.version, record.place + 1
        FROM record
        CROSS JOIN LATERAL (
            SELECT local_id, version
            FROM changes
            WHERE model_id = $1 AND changes.local_id > record.local_id
            ORDER BY model_id, local_id, version DESC
            LIMIT 1
        ) AS following
        WHERE record.place < $3
    )
    SELECT change.*
    FROM record
    CROSS JOIN LATERAL (
        SELECT )sql",
                                                                  kLoggedColumns, R"sql(
        FROM changes
        WHERE changes.version = record.version
        LIMIT 1
    ) AS change
    ORDER BY change.local_id
)sql")};

// Hops as kSelectPage does, over the first $2 records.
const postgres::Statement kCountFirst{"count_first_records", R"sql(
    WITH RECURSIVE record AS (
        (SELECT local_id, 1 AS place
         FROM changes
         WHERE model_id = $1
         ORDER BY model_id, local_id, version DESC
         LIMIT 1)
        UNION ALL
        SELECT following.local_id, record.place + 1
        FROM record
        CROSS JOIN LATERAL (
            SELECT local_id
            FROM changes
            WHERE model_id = $1 AND changes.local_id > record.local_id
            ORDER BY model_id, local_id, version DESC
            LIMIT 1
        ) AS following
        WHERE record.place < $2
    )
    SELECT count(*)
    FROM record
)sql"};

// What the planner believes, in the first line: "Unique  (cost=… rows=123 width=…)".
constexpr char kExplainCount[] = "EXPLAIN SELECT DISTINCT local_id FROM changes WHERE model_id = ";

constexpr int kExactRecords = 10'000;  // some ten milliseconds

int64_t EstimatedRows(absl::string_view plan) {
  constexpr absl::string_view kRows = " rows=";
  const size_t place = plan.find(kRows);
  if (place == absl::string_view::npos) return 0;
  const absl::string_view digits = plan.substr(place + kRows.size());
  int64_t rows = 0;
  return absl::SimpleAtoi(digits.substr(0, digits.find(' ')), &rows) ? rows : 0;
}

const postgres::Statement kSelectVersions{"select_versions", absl::StrCat(R"sql(
    SELECT change.*
    FROM unnest($1::int8[]) AS wanted (version)
    CROSS JOIN LATERAL (
        SELECT )sql",
                                                                          kLoggedColumns, R"sql(
        FROM changes
        WHERE changes.version = wanted.version
        LIMIT 1
    ) AS change
    ORDER BY change.version
)sql")};

const postgres::Statement kSelectRange{"select_range", absl::StrCat(R"sql(
    SELECT )sql",
                                                                    kLoggedColumns, R"sql(
    FROM changes
    WHERE version BETWEEN $1 AND $2
    ORDER BY version
    LIMIT $2 - $1 + 1
)sql")};

std::string NameKey(absl::string_view platform, absl::string_view model) {
  return absl::StrCat(platform, absl::string_view("\0", 1), model);
}

}  // namespace

absl::StatusOr<const LoggedModel*> ChangeLog::FindOrAddModel(absl::string_view platform,
                                                             absl::string_view model) {
  ASSIGN_OR_RETURN(const LoggedModel* found, FindModel(platform, model));
  if (found != nullptr) return found;
  RETURN_IF_ERROR(pool_.Run("add_model", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddText(platform);
    RETURN_IF_ERROR(transaction.Query(kInsertPlatform, params).status());
    params.AddText(model);
    return transaction.Query(kInsertModel, params).status();
  }));
  RETURN_IF_ERROR(LoadModels());
  found = Cached(platform, model);
  if (found == nullptr) return ModelNumberMissing(platform, model);
  return found;
}

absl::StatusOr<const LoggedModel*> ChangeLog::FindModel(absl::string_view platform, absl::string_view model) {
  if (const LoggedModel* found = Cached(platform, model)) return found;
  RETURN_IF_ERROR(LoadModels());
  return Cached(platform, model);
}

absl::StatusOr<std::vector<int32_t>> ChangeLog::ModelIds(absl::string_view platform,
                                                         absl::string_view model) {
  RETURN_IF_ERROR(LoadModels());
  std::vector<int32_t> ids;
  MutexLock lock(&mutex_);
  for (const auto& [id, logged] : models_) {
    if ((platform.empty() || logged.platform == platform) && (model.empty() || logged.model == model))
      ids.push_back(id);
  }
  return ids;
}

absl::StatusOr<const LoggedModel*> ChangeLog::ModelById(int32_t model_id) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    {
      MutexLock lock(&mutex_);
      const auto found = models_.find(model_id);
      if (found != models_.end()) return &found->second;
    }
    RETURN_IF_ERROR(LoadModels());
  }
  return ModelIdMissing(model_id);
}

const LoggedModel* ChangeLog::Cached(absl::string_view platform, absl::string_view model) const {
  MutexLock lock(&mutex_);
  const auto found = by_name_.find(NameKey(platform, model));
  return found == by_name_.end() ? nullptr : found->second;
}

absl::Status ChangeLog::LoadModels() {
  postgres::Rows rows;
  RETURN_IF_ERROR(pool_.Run("load_models", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(rows, transaction.Query(kSelectModels));
    return absl::OkStatus();
  }));
  MutexLock lock(&mutex_);
  for (int row = 0; row < rows.size(); ++row) {
    LoggedModel model{rows.GetInt32(row, 0), rows.GetInt32(row, 1), std::string(rows.GetText(row, 2)),
                      std::string(rows.GetText(row, 3))};
    const auto [entry, added] = models_.try_emplace(model.model_id, std::move(model));
    if (added) by_name_.emplace(NameKey(entry->second.platform, entry->second.model), &entry->second);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LoggedState>> ChangeLog::Read(absl::string_view name,
                                                         const postgres::Statement& statement,
                                                         const postgres::Params& params) {
  postgres::Rows rows;
  RETURN_IF_ERROR(pool_.Run(name, [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(rows, transaction.Query(statement, params));
    return absl::OkStatus();
  }));
  return StatesOf(rows);
}

absl::StatusOr<std::vector<LoggedState>> ChangeLog::StatesOf(const postgres::Rows& rows) {
  std::vector<LoggedState> states;
  states.reserve(static_cast<size_t>(rows.size()));
  const LoggedModel* model = nullptr;
  for (int row = 0; row < rows.size(); ++row) {
    const int32_t model_id = ModelIdOfRow(rows, row);
    if (model == nullptr || model->model_id != model_id) {
      ASSIGN_OR_RETURN(model, ModelById(model_id));
    }
    states.push_back(StateOfRow(rows, row, *model));
  }
  return states;
}

absl::StatusOr<std::vector<LoggedState>> ChangeLog::LatestStates(absl::Span<const StateKey> keys) {
  if (keys.empty()) return std::vector<LoggedState>();
  std::vector<int32_t> models;
  std::vector<absl::string_view> local_ids;
  for (const StateKey& key : keys) {
    models.push_back(key.model->model_id);
    local_ids.push_back(key.local_id);
  }
  postgres::Params params;
  params.AddInt32Array(models).AddTextArray(local_ids);
  return Read("latest_states", kSelectLatest, params);
}

absl::StatusOr<ChangeLog::Page> ChangeLog::LatestPage(const LoggedModel& model, absl::string_view after,
                                                      int limit) {
  postgres::Params params;
  params.AddInt32(model.model_id).AddText(after).AddInt32(limit);
  Page page;
  ASSIGN_OR_RETURN(page.states, Read("latest_page", kSelectPage, params));
  if (page.states.size() >= static_cast<size_t>(limit)) page.last_local_id = page.states.back().local_id;
  return page;
}

absl::StatusOr<ChangeLog::Page> ChangeLog::LiveRecords(const LoggedModel& model, absl::string_view after,
                                                       int limit) {
  ASSIGN_OR_RETURN(Page page, LatestPage(model, after, limit));
  page.states.erase(
      std::remove_if(page.states.begin(), page.states.end(),
                     [](const LoggedState& state) { return state.operation == v1::OPERATION_DELETE; }),
      page.states.end());
  return page;
}

absl::StatusOr<int64_t> ChangeLog::EstimateRecords(const LoggedModel& model) {
  int64_t records = 0;
  RETURN_IF_ERROR(pool_.Run("count_records", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddInt32(model.model_id).AddInt32(kExactRecords);
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kCountFirst, params));
    records = rows.GetInt64(0, 0);
    if (records < kExactRecords) return absl::OkStatus();
    ASSIGN_OR_RETURN(const postgres::Rows plan,
                     transaction.connection().QueryText(absl::StrCat(kExplainCount, model.model_id)));
    if (!plan.empty()) records = std::max(records, EstimatedRows(plan.GetText(0, 0)));
    return absl::OkStatus();
  }));
  return records;
}

absl::StatusOr<std::vector<LoggedState>> ChangeLog::ReadVersions(absl::Span<const int64_t> versions) {
  postgres::Params params;
  params.AddInt64Array(versions);
  return Read("read_versions", kSelectVersions, params);
}

absl::StatusOr<std::vector<LoggedState>> ChangeLog::ReadRange(int64_t first, int64_t last) {
  postgres::Params params;
  params.AddInt64(first).AddInt64(last);
  return Read("read_range", kSelectRange, params);
}

}  // namespace cognate::change_capture
