// What has changed in the log since.
#include <algorithm>
#include <string>
#include <vector>

#include "common/status/status_macros.h"
#include "services/change_capture/change_log.h"

namespace cognate::change_capture {
namespace {

// Of a record that was changed several times the last place counts.
const postgres::Statement kSelectChanged{"select_changed", R"sql(
    SELECT change.version, change.local_id
    FROM changes AS change
    WHERE change.version > $2 AND change.version <= $3 AND change.model_id = $1
      AND NOT EXISTS (SELECT
                      FROM changes AS newer
                      WHERE newer.model_id = $1 AND newer.local_id = change.local_id
                        AND newer.version > change.version AND newer.version <= $4)
    ORDER BY change.version
    LIMIT $5
)sql"};

const postgres::Statement kNewestVersion{"newest_version",
                                         "SELECT version FROM version_counter WHERE only_row"};

const postgres::Statement kHasChanged{"has_changed", R"sql(
    SELECT FROM changes WHERE version > $2 AND model_id = $1 ORDER BY version LIMIT 1
)sql"};

// Versions have a gap where a backup was restored.
const postgres::Statement kNextVersion{"next_version", R"sql(
    SELECT version FROM changes WHERE version > $1 ORDER BY version LIMIT 1
)sql"};

// Of the log in one statement, whatever of it is the model's.
constexpr int64_t kScannedVersions = 50'000;

}  // namespace

absl::StatusOr<ChangeLog::ChangedPage> ChangeLog::ChangedRecords(const LoggedModel& model, int64_t after,
                                                                 int64_t until, int limit) {
  int64_t scanned = until;
  ChangedPage page;
  std::vector<StateKey> keys;
  RETURN_IF_ERROR(pool_.Run("select_changed", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params from;
    from.AddInt64(after);
    ASSIGN_OR_RETURN(const postgres::Rows next, transaction.Query(kNextVersion, from));
    if (next.empty() || next.GetInt64(0, 0) > until) return absl::OkStatus();
    scanned = std::min(until, next.GetInt64(0, 0) - 1 + kScannedVersions);
    postgres::Params params;
    params.AddInt32(model.model_id).AddInt64(after).AddInt64(scanned).AddInt64(until).AddInt32(limit);
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kSelectChanged, params));
    keys.clear();
    for (int row = 0; row < rows.size(); ++row) {
      page.last_version = rows.GetInt64(row, 0);
      keys.push_back({&model, std::string(rows.GetText(row, 1))});
    }
    return absl::OkStatus();
  }));
  if (keys.size() < static_cast<size_t>(limit)) page.last_version = scanned < until ? scanned : 0;
  ASSIGN_OR_RETURN(page.states, LatestStates(keys));
  return page;
}

absl::StatusOr<int64_t> ChangeLog::NewestVersion() {
  int64_t version = 0;
  RETURN_IF_ERROR(pool_.Run("newest_version", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kNewestVersion, {}));
    version = rows.GetInt64(0, 0);
    return absl::OkStatus();
  }));
  return version;
}

absl::StatusOr<bool> ChangeLog::HasChanged(const LoggedModel& model, int64_t after) {
  bool has_changed = false;
  RETURN_IF_ERROR(pool_.Run("has_changed", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddInt32(model.model_id).AddInt64(after);
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kHasChanged, params));
    has_changed = !rows.empty();
    return absl::OkStatus();
  }));
  return has_changed;
}

}  // namespace cognate::change_capture
