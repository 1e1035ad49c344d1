#include "services/change_capture/restores/past_store.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/change_capture/logged_row.h"

namespace cognate::change_capture {
namespace {

// Amended versions say nothing of what a record holds.
const postgres::Statement kStatesAt{"states_at", absl::StrCat(R"sql(
    SELECT state.*
    FROM unnest($1::int4[], $2::text[]) AS wanted (model_id, local_id)
    CROSS JOIN LATERAL (
        SELECT )sql",
                                                              kLoggedColumns, R"sql(
        FROM changes
        WHERE changes.model_id = wanted.model_id AND changes.local_id = wanted.local_id COLLATE "C"
          AND is_amended IS NULL AND captured_at <= $3
        ORDER BY changes.model_id, changes.local_id, changes.version DESC
        LIMIT 1
    ) AS state
)sql")};

}  // namespace

absl::StatusOr<std::vector<PastStore::Past>> PastStore::At(const std::vector<RecordId>& records,
                                                           absl::Time time) {
  const auto read = [&](absl::Time until) -> absl::StatusOr<std::map<RecordId, LoggedState>> {
    std::map<RecordId, LoggedState> states;
    RETURN_IF_ERROR(pool_.Run("states_at", [&](postgres::Transaction& transaction) -> absl::Status {
      postgres::Params params = ParamsOf(records);
      params.AddTimestamp(until);
      ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kStatesAt, params));
      ASSIGN_OR_RETURN(std::vector<LoggedState> found, log_.StatesOf(rows));
      for (LoggedState& state : found) {
        const RecordId record{state.model->model_id, state.local_id};
        states.emplace(record, std::move(state));
      }
      return absl::OkStatus();
    }));
    return states;
  };
  ASSIGN_OR_RETURN(const auto then, read(time));
  ASSIGN_OR_RETURN(const auto now, read(absl::InfiniteFuture()));
  std::vector<Past> pasts(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    if (const auto found = then.find(records[i]); found != then.end()) pasts[i].then = found->second;
    if (const auto found = now.find(records[i]); found != now.end()) pasts[i].now = found->second;
  }
  return pasts;
}

}  // namespace cognate::change_capture
