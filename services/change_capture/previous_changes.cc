#include "services/change_capture/previous_changes.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/latest_change.h"
#include "services/change_capture/logged_row.h"
#include "services/change_capture/model_lookup.h"

namespace cognate::change_capture {
namespace {

constexpr int kMaxRecords = 10'000;

// LATERAL with LIMIT: one descent of the index for each record. Renewals say nothing new: the newest other
// change up to the given one is the one that is meant, and the next is what was before. A version of 0 asks
// for what is.
const postgres::Statement kSelectBefore{"select_before", absl::StrCat(R"sql(
    SELECT change.*, wanted.place
    FROM unnest($1::int4[], $2::text[], $3::int8[]) WITH ORDINALITY AS wanted (model_id, local_id, version, place)
    CROSS JOIN LATERAL (
        SELECT )sql",
                                                                      kLoggedColumns, R"sql(
        FROM changes
        WHERE changes.model_id = wanted.model_id AND changes.local_id = wanted.local_id COLLATE "C"
          AND changes.version <= CASE wanted.version WHEN 0 THEN 9223372036854775807 ELSE wanted.version END
          AND (origin_version IS NULL OR origin_entity_id IS NOT NULL)
        ORDER BY changes.model_id, changes.local_id, changes.version DESC
        OFFSET CASE wanted.version WHEN 0 THEN 0 ELSE 1 END
        LIMIT 1
    ) AS change
)sql")};

}  // namespace

absl::StatusOr<std::vector<std::optional<LoggedState>>> ChangeLog::StatesBefore(
    absl::Span<const StateKey> keys, absl::Span<const int64_t> versions) {
  std::vector<int32_t> model_ids;
  std::vector<absl::string_view> local_ids;
  for (const StateKey& key : keys) {
    model_ids.push_back(key.model->model_id);
    local_ids.push_back(key.local_id);
  }
  postgres::Params params;
  params.AddInt32Array(model_ids).AddTextArray(local_ids).AddInt64Array(versions);
  postgres::Rows rows;
  RETURN_IF_ERROR(pool_.Run("states_before", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(rows, transaction.Query(kSelectBefore, params));
    return absl::OkStatus();
  }));
  ASSIGN_OR_RETURN(std::vector<LoggedState> found, StatesOf(rows));
  std::vector<std::optional<LoggedState>> states(keys.size());
  const int place = rows.columns() - 1;
  for (int row = 0; row < rows.size(); ++row) {
    states[static_cast<size_t>(rows.GetInt64(row, place)) - 1] = std::move(found[static_cast<size_t>(row)]);
  }
  return states;
}

absl::StatusOr<v1::ListPreviousChangesResponse> ListPreviousChanges(
    ChangeLog& log, const v1::ListPreviousChangesRequest& request) {
  if (request.records_size() > kMaxRecords) {
    return FieldInvalid("records", absl::StrCat(request.records_size(), " records"),
                        absl::StrCat("at most ", kMaxRecords));
  }
  ModelLookup models(log);
  std::vector<StateKey> keys;
  std::vector<int64_t> versions;
  std::vector<int> places;
  v1::ListPreviousChangesResponse response;
  for (int i = 0; i < request.records_size(); ++i) {
    const v1::RecordVersion& wanted = request.records(i);
    response.add_changes();
    ASSIGN_OR_RETURN(const LoggedModel* model, models.Find(wanted.record()));
    if (model == nullptr) continue;
    keys.push_back({model, wanted.record().local_id()});
    versions.push_back(wanted.before_version());
    places.push_back(i);
  }
  ASSIGN_OR_RETURN(const std::vector<std::optional<LoggedState>> states, log.StatesBefore(keys, versions));
  for (size_t i = 0; i < states.size(); ++i) {
    if (!states[i].has_value()) continue;
    ASSIGN_OR_RETURN(*response.mutable_changes(places[i]), ToMessage(*states[i]));
  }
  return response;
}

}  // namespace cognate::change_capture
