// What people ask of the troubles: TroubleStore's ordinary statements.
#include <string>

#include "absl/strings/str_cat.h"
#include "common/postgres/statement.h"
#include "common/status/status_macros.h"
#include "services/feedback/trouble_rows.h"
#include "services/feedback/trouble_store.h"

namespace cognate::feedback {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// $1 platform, $2 state: empty and 0 mean any; $3 to $6 the row to go on after; $7 the limit.
std::string ListSql(bool of_platform) {
  return absl::StrCat(
      "SELECT ", TroubleColumns(""), " FROM troubles WHERE ",
      of_platform ? "platform = $1" : "$1::text IS NOT NULL",
      " AND ($2::integer = 0 OR state = $2)"
      " AND (created_at, entity_id, platform, model) > ($3::timestamptz, $4::uuid, $5::text, $6::text)"
      " ORDER BY created_at, entity_id, platform, model LIMIT $7");
}
const Statement kList = {"troubles_list", ListSql(false)};
const Statement kListOfPlatform = {"troubles_list_of_platform", ListSql(true)};

// A person's redrive starts anew: its attempts are forgotten, and what was given up is RETRY again.
const Statement kRedrive = {"troubles_redrive", R"sql(
    UPDATE troubles
    SET replay = true, replay_count = 0, attempt_count = 0, next_attempt_at = $1, updated_at = $1,
        state = CASE state WHEN 4 THEN 4 ELSE 3 END
    WHERE state = $2 AND ($3 = '' OR platform = $3) AND ($4 = '' OR reason = $4)
      AND ($5 = '' OR (source_platform = $5 AND source_model = $6 AND source_local_id = $7)))sql"};

const Statement kCount = {"troubles_count", R"sql(
    SELECT platform, model, source_platform, source_model, state, count(*)
    FROM troubles
    GROUP BY platform, model, source_platform, source_model, state)sql"};

}  // namespace

absl::StatusOr<std::vector<Trouble>> TroubleStore::List(const v1::ListTroublesRequest& request, int page_size,
                                                        const std::optional<TroublePosition>& after) {
  std::vector<Trouble> troubles;
  RETURN_IF_ERROR(pool_.Run("troubles_list", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddText(request.platform()).AddInt32(request.state());
    params.AddTimestamp(after ? after->created : absl::InfinitePast());
    params.AddUuid(after ? after->key.entity_id : Uuid());
    params.AddText(after ? after->key.platform : std::string())
        .AddText(after ? after->key.model : std::string());
    params.AddInt32(page_size);
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(request.platform().empty() ? kList : kListOfPlatform, params));
    troubles = TroublesFromRows(rows);
    return absl::OkStatus();
  }));
  return troubles;
}

absl::StatusOr<int64_t> TroubleStore::Redrive(const v1::RedriveRequest& request, absl::Time now) {
  int64_t redriven = 0;
  const int state =
      request.state() == v1::REPLICA_STATE_UNSPECIFIED ? v1::REPLICA_STATE_DEAD : request.state();
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("troubles_redrive", [&](Transaction& transaction) -> absl::Status {
        Params params;
        params.AddTimestamp(now).AddInt32(state).AddText(request.platform()).AddText(request.reason());
        params.AddText(request.source().platform())
            .AddText(request.source().model())
            .AddText(request.source().local_id());
        ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kRedrive, params));
        redriven = rows.affected();
        return absl::OkStatus();
      }));
  return redriven;
}

absl::StatusOr<std::vector<TroubleCount>> TroubleStore::Count() {
  std::vector<TroubleCount> counts;
  RETURN_IF_ERROR(pool_.Run("troubles_count", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCount));
    for (int row = 0; row < rows.size(); ++row) {
      counts.push_back({std::string(rows.GetText(row, 0)), std::string(rows.GetText(row, 1)),
                        std::string(rows.GetText(row, 2)), std::string(rows.GetText(row, 3)),
                        static_cast<v1::ReplicaState>(rows.GetInt32(row, 4)), rows.GetInt64(row, 5)});
    }
    return absl::OkStatus();
  }));
  return counts;
}

}  // namespace cognate::feedback
