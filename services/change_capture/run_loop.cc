#include "services/change_capture/run_loop.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/expansions/parents.h"
#include "services/clients/ways_back.h"

namespace cognate::change_capture {
namespace {

// Where a run of a model that is made of another one's records stands: first the parents, which come to their
// parts once more, then the parts that there are.
constexpr char kParents = 'p';
constexpr char kParts = 'r';

bool IsAtParents(const StoredRun& run) { return run.cursor.empty() || run.cursor[0] == kParents; }

std::string Behind(char phase, absl::string_view cursor) {
  return absl::StrCat(std::string(1, phase), cursor);
}

}  // namespace

void RunLoop::Start() {
  MutexLock lock(&mutex_);
  worker_ = std::make_unique<Worker>("runs", [this](StopToken& stop) { Run(stop); });
}

void RunLoop::Stop() {
  std::unique_ptr<Worker> worker;
  {
    MutexLock lock(&mutex_);
    worker = std::move(worker_);
  }
  worker.reset();
}

void RunLoop::Wake() {
  MutexLock lock(&mutex_);
  if (worker_ != nullptr) worker_->Wake();
}

void RunLoop::Run(StopToken& stop) {
  absl::Duration wait = absl::ZeroDuration();
  while (!stop.WaitFor(wait)) {
    LookForRuns();
    wait = std::clamp(schedules_.next_look() - clock_.Now(), options_.busy_wait, options_.idle_wait);
    absl::StatusOr<std::vector<StoredRun>> unfinished = runs_.Unfinished();
    if (!unfinished.ok()) {
      log::Warn("runs cannot be read", {{"status", unfinished.status()}});
      continue;
    }
    for (const StoredRun& run : *unfinished) {
      if (stop.stopping()) return;
      const absl::StatusOr<absl::Duration> next = Step(run);
      if (!next.ok()) {
        log::Warn("a run stands still", {{"run", run.id.ToString()}, {"status", next.status()}});
      } else {
        wait = std::min(wait, *next);
      }
    }
  }
}

void RunLoop::LookForRuns() {
  if (const absl::Status looked = rule_changes_.Look(*this); !looked.ok()) {
    log::Warn("changed rules cannot be looked at", {{"status", looked}});
  }
  if (const absl::Status looked = schedules_.Look(*this); !looked.ok()) {
    log::Warn("schedules cannot be looked at", {{"status", looked}});
  }
}

absl::StatusOr<absl::Duration> RunLoop::Step(const StoredRun& run) {
  // The rules are read once before anything is said about a sync that is not in them.
  const std::shared_ptr<const v1::Rules> rules = catalogue_.Rules();
  if (rules->revision() == 0) return options_.idle_wait;
  const auto compiled =
      std::find_if(rules->syncs().begin(), rules->syncs().end(),
                   [&](const v1::CompiledSync& one) { return one.sync().name() == run.sync; });
  if (compiled == rules->syncs().end()) return Fail(run, absl::StrCat(run.sync, " was deleted"));
  // What it brings while the sync takes nothing would count as brought.
  if (run.kind == v1::RUN_KIND_SCHEDULED && !clients::TakesChanges(*compiled)) return options_.idle_wait;
  const absl::Time now = clock_.Now();
  if (run.resume_time.has_value() && *run.resume_time > now)
    return std::min(*run.resume_time - now, options_.idle_wait);
  if (run.state == v1::RUN_STATE_WAITING_FOR_SNAPSHOT) return WaitForSnapshot(run, *rules);
  if (run.kind == v1::RUN_KIND_MIRROR) return mirrors_.Step(run, *compiled);
  const v1::SyncSchedule& pace = compiled->sync().schedule();
  // One that brings what has changed finds it among the parts.
  const v1::CompiledExpansion* const expansion =
      run.after_version > 0 ? nullptr : FindExpansion(*rules, run.source_platform, run.source_model);
  if (expansion == nullptr) return ReplayPage(run, pace, false);
  if (!IsAtParents(run)) return ReplayPage(run, pace, true);
  return ReplayParents(run, pace, expansion->model().expansion().model());
}

absl::StatusOr<absl::Duration> RunLoop::WaitForSnapshot(const StoredRun& run, const v1::Rules& rules) {
  StoredRun next = run;
  ASSIGN_OR_RETURN(const bool needs_snapshot, NeedsSnapshot(run.source_platform));
  if (needs_snapshot) {
    ASSIGN_OR_RETURN(
        const SnapshotProgress progress,
        source_.Snapshot(run.source_platform, CapturedModel(rules, run.source_platform, run.source_model)));
    if (!progress.obstacle.empty()) return Fail(run, progress.obstacle);
    next.record_count = progress.row_count;
    if (!progress.complete) {
      if (next.record_count != run.record_count) RETURN_IF_ERROR(runs_.Save(run, next));
      return options_.busy_wait;
    }
  }
  next.state = v1::RUN_STATE_RUNNING;
  if (run.kind == v1::RUN_KIND_SCHEDULED) {
    // The snapshot is among what it brings.
    ASSIGN_OR_RETURN(next.until_version, log_.NewestVersion());
    if (run.after_version > 0) next.record_count = 0;
  }
  if (run.after_version == 0) {
    next.record_count = std::max(next.record_count, EstimateRecords(run.source_platform, run.source_model));
  }
  RETURN_IF_ERROR(runs_.Save(run, next));
  return absl::ZeroDuration();
}

// Towards their own platform alone: nobody but their expansions takes them. What differs then is captured as
// any change is, so nothing need wait for it.
absl::StatusOr<absl::Duration> RunLoop::ReplayParents(const StoredRun& run, const v1::SyncSchedule& pace,
                                                      const std::string& parent_model) {
  if (!feeder_.Direct() || feeder_.entry_count() >= options_.max_stream_entries) return options_.busy_wait;
  ASSIGN_OR_RETURN(const LoggedModel* model, log_.FindModel(run.source_platform, parent_model));
  ChangeLog::Page page;
  if (model != nullptr) {
    const std::string after = run.cursor.empty() ? "" : run.cursor.substr(1);
    ASSIGN_OR_RETURN(page, log_.LatestPage(*model, after, PageSize(pace)));
  }
  StoredRun next = run;
  next.cursor = page.last_local_id.empty() ? Behind(kParts, "") : Behind(kParents, page.last_local_id);
  next.resume_time = std::nullopt;
  const absl::Duration pause = ToDuration(pace.pause());
  if (pause > absl::ZeroDuration() && !page.states.empty()) next.resume_time = clock_.Now() + pause;
  RETURN_IF_ERROR(replays_.Write(
      std::move(page.states), {run.source_platform, false, false},
      [&](postgres::Transaction& transaction) { return RunStore::Save(transaction, run, next); }));
  return absl::ZeroDuration();
}

int RunLoop::PageSize(const v1::SyncSchedule& pace) const {
  return pace.batch_size() > 0 ? pace.batch_size() : options_.page_records;
}

absl::StatusOr<absl::Duration> RunLoop::ReplayPage(const StoredRun& run, const v1::SyncSchedule& pace,
                                                   bool is_of_parts) {
  if (!feeder_.Direct() || feeder_.entry_count() >= options_.max_stream_entries) return options_.busy_wait;
  StoredRun next = run;
  StoredRun at = run;
  if (is_of_parts) at.cursor.erase(0, 1);
  ASSIGN_OR_RETURN(std::vector<LoggedState> states, NextPage(at, PageSize(pace), &next));
  if (is_of_parts && !next.cursor.empty()) next.cursor = Behind(kParts, next.cursor);
  next.replayed_count += static_cast<int64_t>(states.size());
  next.record_count = std::max(next.record_count, next.replayed_count);
  const absl::Duration pause = ToDuration(pace.pause());
  next.resume_time = std::nullopt;
  if (next.cursor.empty()) {
    next.state = v1::RUN_STATE_DONE;
    next.record_count = next.replayed_count;
  } else if (pause > absl::ZeroDuration() && !states.empty()) {
    next.resume_time = clock_.Now() + pause;
  }
  const bool is_turn_over = run.kind == v1::RUN_KIND_SCHEDULED && next.state == v1::RUN_STATE_DONE;
  RETURN_IF_ERROR(
      replays_.Write(std::move(states), {run.target_platform, false, run.kind == v1::RUN_KIND_REDELIVER},
                     [&](postgres::Transaction& transaction) -> absl::Status {
                       RETURN_IF_ERROR(RunStore::Save(transaction, run, next));
                       return is_turn_over ? Schedules::Advance(transaction, next) : absl::OkStatus();
                     }));
  if (next.state == v1::RUN_STATE_DONE) {
    log::Info("run done", {{"run", run.id.ToString()}, {"sync", run.sync}, {"records", next.replayed_count}});
  }
  return absl::ZeroDuration();
}

absl::StatusOr<std::vector<LoggedState>> RunLoop::NextPage(const StoredRun& run, int limit, StoredRun* next) {
  next->cursor.clear();
  ASSIGN_OR_RETURN(const LoggedModel* model, log_.FindModel(run.source_platform, run.source_model));
  if (model == nullptr) return std::vector<LoggedState>();
  if (run.after_version == 0) {
    ASSIGN_OR_RETURN(ChangeLog::Page page, log_.LatestPage(*model, run.cursor, limit));
    next->cursor = page.last_local_id;
    return std::move(page.states);
  }
  int64_t after = run.after_version;
  if (!run.cursor.empty() && !absl::SimpleAtoi(run.cursor, &after)) return RunMovedOn(run.id.ToString());
  ASSIGN_OR_RETURN(ChangeLog::ChangedPage page, log_.ChangedRecords(*model, after, run.until_version, limit));
  if (page.last_version > 0) next->cursor = absl::StrCat(page.last_version);
  return std::move(page.states);
}

absl::StatusOr<absl::Duration> RunLoop::Fail(const StoredRun& run, absl::string_view error) {
  StoredRun next = run;
  next.state = v1::RUN_STATE_FAILED;
  next.error = std::string(error);
  RETURN_IF_ERROR(runs_.Save(run, next));
  return absl::ZeroDuration();
}

absl::StatusOr<StoredRun> RunLoop::NewRun(v1::RunKind kind, const v1::Sync& sync, const Clock& clock) {
  StoredRun run;
  run.id = Uuid::V7(clock);
  run.kind = kind;
  run.sync = sync.name();
  run.source_platform = sync.source_platform();
  run.source_model = sync.source_model();
  run.target_platform = sync.target_platform();
  ASSIGN_OR_RETURN(const bool needs_snapshot, NeedsSnapshot(run.source_platform));
  if (kind == v1::RUN_KIND_MIRROR) {
    run.state = v1::RUN_STATE_COUNTING;
  } else if (!needs_snapshot) {
    run.state = v1::RUN_STATE_RUNNING;
    if (kind != v1::RUN_KIND_SCHEDULED)
      run.record_count = EstimateRecords(run.source_platform, run.source_model);
  }
  return run;
}

absl::StatusOr<bool> RunLoop::NeedsSnapshot(absl::string_view platform) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Platform> known, catalogue_.Platform(platform));
  return known->capture_mode() == v1::CAPTURE_MODE_REPLICATION;
}

int64_t RunLoop::EstimateRecords(absl::string_view platform, absl::string_view model) {
  const absl::StatusOr<const LoggedModel*> logged = log_.FindModel(platform, model);
  if (!logged.ok() || *logged == nullptr) return 0;
  return log_.EstimateRecords(**logged).value_or(0);
}

}  // namespace cognate::change_capture
