#include "services/change_capture/newest_records_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/change_capture/logged_row.h"

namespace cognate::change_capture {
namespace {

constexpr int64_t kStretch = 5'000;  // changes that one statement reads
constexpr int kStretches = 40;       // a page

// Each LATERAL is one descent of an index, whatever the planner believes of the table.
const postgres::Statement kSelectStretch{"select_newest_records", absl::StrCat(R"sql(
    SELECT change.*
    FROM (SELECT version, local_id
          FROM changes
          WHERE version BETWEEN $2 AND $3 AND model_id = $1
          ORDER BY version DESC
          LIMIT $3 - $2 + 1) AS seen
    CROSS JOIN LATERAL (
        SELECT )sql",
                                                                               kLoggedColumns, R"sql(
        FROM changes
        WHERE changes.model_id = $1 AND changes.local_id = seen.local_id
        ORDER BY changes.model_id, changes.local_id, changes.version DESC
        LIMIT 1
    ) AS change
    WHERE change.version = seen.version
    ORDER BY seen.version DESC
    LIMIT $4
)sql")};

// Versions have a gap where a backup was restored.
const postgres::Statement kNewestUpTo{"newest_version_up_to", R"sql(
    SELECT version FROM changes WHERE version <= $1 ORDER BY version DESC LIMIT 1
)sql"};

}  // namespace

absl::StatusOr<NewestRecordsStore::Page> NewestRecordsStore::From(const LoggedModel& model, int64_t version,
                                                                  int limit) {
  Page page;
  page.next_version = version;
  for (int i = 0; i < kStretches && page.next_version > 0; ++i) {
    const int room = limit - static_cast<int>(page.states.size());
    if (room == 0) break;
    int64_t first = 1;
    postgres::Rows rows;
    RETURN_IF_ERROR(pool_.Run("newest_records", [&](postgres::Transaction& transaction) -> absl::Status {
      postgres::Params from;
      from.AddInt64(page.next_version);
      ASSIGN_OR_RETURN(const postgres::Rows newest, transaction.Query(kNewestUpTo, from));
      if (newest.empty()) return absl::OkStatus();
      page.next_version = newest.GetInt64(0, 0);
      first = std::max<int64_t>(1, page.next_version - kStretch + 1);
      postgres::Params params;
      params.AddInt32(model.model_id).AddInt64(first).AddInt64(page.next_version).AddInt32(room);
      ASSIGN_OR_RETURN(rows, transaction.Query(kSelectStretch, params));
      return absl::OkStatus();
    }));
    for (int row = 0; row < rows.size(); ++row) page.states.push_back(StateOfRow(rows, row, model));
    page.next_version = rows.size() == room ? page.states.back().version - 1 : first - 1;
  }
  return page;
}

}  // namespace cognate::change_capture
