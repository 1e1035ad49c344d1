#include "services/change_capture/telling/untold_store.h"

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// DONE, FAILED and HELD, in the words of the index.
const Statement kRuns{"untold_runs", R"sql(
    SELECT run_id, kind, state, sync, source_platform, source_model, target_platform, error
    FROM runs
    WHERE state IN (3, 4, 6) AND told <> state
    ORDER BY run_id
    LIMIT $1
)sql"};
const Statement kConflicts{"untold_conflicts", R"sql(
    SELECT conflict_id, state, content, told
    FROM conflicts
    WHERE told <> state
    ORDER BY conflict_id
    LIMIT $1
)sql"};
const Statement kRunsTold{"runs_told", R"sql(
    UPDATE runs SET told = done.state
    FROM unnest($1::uuid[], $2::int2[]) AS done (run_id, state)
    WHERE runs.run_id = done.run_id
)sql"};
const Statement kConflictsTold{"conflicts_told", R"sql(
    UPDATE conflicts SET told = done.state
    FROM unnest($1::uuid[], $2::int2[]) AS done (conflict_id, state)
    WHERE conflicts.conflict_id = done.conflict_id
)sql"};

}  // namespace

absl::StatusOr<std::vector<UntoldStore::UntoldRun>> UntoldStore::Runs(int limit) {
  std::vector<UntoldRun> runs;
  RETURN_IF_ERROR(pool_.Run("untold_runs", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kRuns, Params().AddInt32(limit)));
    for (int row = 0; row < rows.size(); ++row) {
      runs.push_back({rows.GetUuid(row, 0), static_cast<v1::RunKind>(rows.GetInt32(row, 1)),
                      static_cast<v1::RunState>(rows.GetInt32(row, 2)), std::string(rows.GetText(row, 3)),
                      std::string(rows.GetText(row, 4)), std::string(rows.GetText(row, 5)),
                      std::string(rows.GetText(row, 6)), std::string(rows.GetText(row, 7))});
    }
    return absl::OkStatus();
  }));
  return runs;
}

absl::StatusOr<std::vector<UntoldStore::UntoldConflict>> UntoldStore::Conflicts(int limit) {
  std::vector<UntoldConflict> conflicts;
  RETURN_IF_ERROR(pool_.Run("untold_conflicts", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kConflicts, Params().AddInt32(limit)));
    for (int row = 0; row < rows.size(); ++row) {
      UntoldConflict& conflict = conflicts.emplace_back();
      conflict.id = rows.GetUuid(row, 0);
      conflict.content.ParseFromString(std::string(rows.GetBytes(row, 2)));
      conflict.content.set_name(absl::StrCat("conflicts/", conflict.id.ToString()));
      conflict.content.set_state(static_cast<v1::ConflictState>(rows.GetInt32(row, 1)));
      conflict.is_new = rows.GetInt32(row, 3) == v1::CONFLICT_STATE_UNSPECIFIED;
    }
    return absl::OkStatus();
  }));
  return conflicts;
}

absl::Status UntoldStore::SetTold(const Statement& statement, absl::Span<const Uuid> ids,
                                  absl::Span<const int16_t> states) {
  return pool_.Run(statement.name, [&](Transaction& transaction) {
    return transaction.Query(statement, Params().AddUuidArray(ids).AddInt16Array(states)).status();
  });
}

absl::Status UntoldStore::SetTold(absl::Span<const UntoldRun> runs) {
  std::vector<Uuid> ids;
  std::vector<int16_t> states;
  for (const UntoldRun& run : runs) {
    ids.push_back(run.id);
    states.push_back(static_cast<int16_t>(run.state));
  }
  return SetTold(kRunsTold, ids, states);
}

absl::Status UntoldStore::SetTold(absl::Span<const UntoldConflict> conflicts) {
  std::vector<Uuid> ids;
  std::vector<int16_t> states;
  for (const UntoldConflict& conflict : conflicts) {
    ids.push_back(conflict.id);
    states.push_back(static_cast<int16_t>(conflict.content.state()));
  }
  return SetTold(kConflictsTold, ids, states);
}

}  // namespace cognate::change_capture
