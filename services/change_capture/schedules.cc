#include "services/change_capture/schedules.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/run_loop.h"
#include "services/clients/schedule.h"
#include "services/clients/ways_back.h"

namespace cognate::change_capture {
namespace {

constexpr absl::Duration kRetry = absl::Milliseconds(500);
// A last run that has failed, such as for an obstacle at the source.
constexpr absl::Duration kBeginAgain = absl::Minutes(1);

const postgres::Statement kSelectRows{
    "select_schedules", "SELECT sync, watermark, looked_at, is_over FROM schedules ORDER BY sync"};

const postgres::Statement kAddRow{"add_schedule", R"sql(
    INSERT INTO schedules (sync, watermark, looked_at) VALUES ($1, 0, 'epoch') ON CONFLICT (sync) DO NOTHING
)sql"};

const postgres::Statement kForget{"forget_schedule", "DELETE FROM schedules WHERE sync = $1"};

const postgres::Statement kReopen{"reopen_schedule", "UPDATE schedules SET is_over = false WHERE sync = $1"};

// Of several processes one takes the turn.
const postgres::Statement kTake{"take_turn", R"sql(
    UPDATE schedules
    SET looked_at = $4, is_over = $5
    WHERE sync = $1 AND watermark = $2 AND looked_at = $3
      AND NOT EXISTS (SELECT FROM runs WHERE finished_at IS NULL AND runs.sync = $1 AND kind = $6::int4)
)sql"};

const postgres::Statement kPass{"pass_turn", R"sql(
    UPDATE schedules SET watermark = $3, looked_at = $4 WHERE sync = $1 AND watermark = $2 AND NOT is_over
)sql"};

const postgres::Statement kAdvance{"advance_schedule", R"sql(
    WITH over AS (DELETE FROM schedules WHERE sync = $1 AND is_over)
    UPDATE schedules SET watermark = greatest(watermark, $2) WHERE sync = $1 AND NOT is_over
)sql"};

}  // namespace

absl::Status Schedules::Look(RunLoop& loop) {
  const std::shared_ptr<const v1::Rules> rules = catalogue_.Rules();
  const absl::Time now = clock_.Now();
  if (rules->revision() == 0 || (rules->revision() == revision_ && now < next_look_)) return absl::OkStatus();
  absl::flat_hash_map<std::string, const v1::CompiledSync*> known;
  for (const v1::CompiledSync& compiled : rules->syncs()) {
    known[compiled.sync().name()] = &compiled;
  }
  ASSIGN_OR_RETURN(std::vector<Row> rows, ReadRows());
  absl::Time next = absl::InfiniteFuture();
  for (const Row& row : rows) {
    const auto found = known.find(row.sync);
    if (found == known.end()) {
      RETURN_IF_ERROR(pool_.Run("forget_schedule", [&](postgres::Transaction& transaction) {
        return transaction.Query(kForget, postgres::Params().AddText(row.sync)).status();
      }));
      continue;
    }
    const v1::CompiledSync& compiled = *found->second;
    known.erase(found);
    if (!clients::TakesChanges(compiled)) continue;  // when it does again
    const absl::Duration interval = clients::IntervalOf(compiled.sync());
    if (interval == absl::ZeroDuration()) {
      next = std::min(next, now + kRetry);
    } else {
      next = std::min(next, clients::TurnOf(now, interval) + interval);
      if (clients::TurnOf(now, interval) <= row.looked_at && !row.is_over) continue;
    }
    RETURN_IF_ERROR(TakeTurn(loop, compiled.sync(), row, interval));
  }
  for (const auto& [name, compiled] : known) {
    if (clients::IntervalOf(compiled->sync()) == absl::ZeroDuration()) continue;
    RETURN_IF_ERROR(AddRow(name));
    next = absl::InfinitePast();  // it may have its first turn at once
  }
  revision_ = rules->revision();
  next_look_ = next;
  return absl::OkStatus();
}

absl::Status Schedules::TakeTurn(RunLoop& loop, const v1::Sync& sync, const Row& row,
                                 absl::Duration interval) {
  const bool is_last = interval == absl::ZeroDuration();
  // Its last run is going; or has failed, and is begun again.
  if (is_last && row.is_over && clock_.Now() - row.looked_at < kBeginAgain) return absl::OkStatus();
  if (row.is_over && !is_last) {
    return pool_.Run("reopen_schedule", [&](postgres::Transaction& transaction) {
      return transaction.Query(kReopen, postgres::Params().AddText(sync.name())).status();
    });
  }
  // The last one always is a run: only that has what is captured from then on planned by the new rules.
  if (!is_last && row.watermark > 0) {
    ASSIGN_OR_RETURN(const int64_t newest, log_.NewestVersion());
    ASSIGN_OR_RETURN(const bool is_due, AnythingNew(sync, row.watermark));
    if (!is_due) {
      return pool_.Run("pass_turn", [&](postgres::Transaction& transaction) {
        postgres::Params params;
        params.AddText(sync.name()).AddInt64(row.watermark).AddInt64(newest).AddTimestamp(clock_.Now());
        return transaction.Query(kPass, params).status();
      });
    }
  }
  const absl::StatusOr<StoredRun> begun = Begin(loop, sync, row, "", is_last);
  // One is going still, or another process was first: at the next turn.
  return absl::IsAborted(begun.status()) ? absl::OkStatus() : begun.status();
}

absl::StatusOr<StoredRun> Schedules::Begin(RunLoop& loop, const v1::Sync& sync, const Row& row,
                                           absl::string_view request, bool is_last) {
  ASSIGN_OR_RETURN(StoredRun run, loop.NewRun(v1::RUN_KIND_SCHEDULED, sync, clock_));
  run.after_version = row.watermark;
  return runs_.Create(run, request, catalogue_.Revision(),
                      [&](postgres::Transaction& transaction) -> absl::Status {
                        postgres::Params params;
                        params.AddText(sync.name())
                            .AddInt64(row.watermark)
                            .AddTimestamp(row.looked_at)
                            .AddTimestamp(clock_.Now());
                        params.AddBool(is_last).AddInt32(v1::RUN_KIND_SCHEDULED);
                        ASSIGN_OR_RETURN(const postgres::Rows taken, transaction.Query(kTake, params));
                        return taken.affected() == 1 ? absl::OkStatus() : RunMovedOn(run.id.ToString());
                      });
}

absl::StatusOr<StoredRun> Schedules::BeginNow(RunLoop& loop, const v1::Sync& sync,
                                              absl::string_view request_id) {
  if (clients::IntervalOf(sync) == absl::ZeroDuration()) return SyncHasNoInterval(sync.name());
  RETURN_IF_ERROR(AddRow(sync.name()));
  ASSIGN_OR_RETURN(const std::vector<Row> rows, ReadRows());
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const Row& one) { return one.sync == sync.name(); });
  if (row == rows.end()) return RunMovedOn(sync.name());
  absl::StatusOr<StoredRun> begun = Begin(loop, sync, *row, request_id, false);
  if (!absl::IsAborted(begun.status())) return begun;
  ASSIGN_OR_RETURN(const std::vector<StoredRun> newest, runs_.List(std::nullopt, 10, sync.name()));
  for (const StoredRun& run : newest) {
    if (run.kind == v1::RUN_KIND_SCHEDULED) return run;
  }
  return begun;
}

absl::Status Schedules::Advance(postgres::Transaction& transaction, const StoredRun& run) {
  postgres::Params params;
  params.AddText(run.sync).AddInt64(run.until_version);
  RETURN_IF_ERROR(transaction.Query(kAdvance, params).status());
  return RunStore::ForgetOld(transaction, run.sync);
}

absl::StatusOr<std::vector<Schedules::Row>> Schedules::ReadRows() {
  std::vector<Row> read;
  RETURN_IF_ERROR(pool_.Run("select_schedules", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kSelectRows, {}));
    for (int i = 0; i < rows.size(); ++i) {
      read.push_back({std::string(rows.GetText(i, 0)), rows.GetInt64(i, 1), rows.GetTimestamp(i, 2),
                      rows.GetBool(i, 3)});
    }
    return absl::OkStatus();
  }));
  return read;
}

absl::Status Schedules::AddRow(const std::string& sync) {
  return pool_.Run("add_schedule", [&](postgres::Transaction& transaction) {
    return transaction.Query(kAddRow, postgres::Params().AddText(sync)).status();
  });
}

absl::StatusOr<bool> Schedules::AnythingNew(const v1::Sync& sync, int64_t after) {
  ASSIGN_OR_RETURN(const LoggedModel* model, log_.FindModel(sync.source_platform(), sync.source_model()));
  if (model == nullptr) return false;
  return log_.HasChanged(*model, after);
}

}  // namespace cognate::change_capture
