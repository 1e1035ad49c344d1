#include "services/change_capture/run_loop.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {

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
    wait = options_.idle_wait;
    if (const absl::Status looked = rule_changes_.Look(*this); !looked.ok()) {
      log::Warn("changed rules cannot be looked at", {{"status", looked}});
    }
    absl::StatusOr<std::vector<StoredRun>> unfinished = runs_.Unfinished();
    if (!unfinished.ok()) {
      log::Warn("runs cannot be read", {{"status", unfinished.status()}});
      continue;
    }
    for (const StoredRun& run : *unfinished) {
      if (stop.stopping()) return;
      const absl::StatusOr<bool> moved = Step(run);
      if (!moved.ok()) {
        log::Warn("a run stands still", {{"run", run.id.ToString()}, {"status", moved.status()}});
      } else {
        wait = std::min(wait, *moved ? absl::ZeroDuration() : options_.busy_wait);
      }
    }
  }
}

absl::StatusOr<bool> RunLoop::Step(const StoredRun& run) {
  // The rules are read once before anything is said about a sync that is not in them.
  if (catalogue_.Revision() == 0) return false;
  if (!SyncExists(run)) return Fail(run, absl::StrCat(run.sync, " was deleted"));
  return run.state == v1::RUN_STATE_WAITING_FOR_SNAPSHOT ? WaitForSnapshot(run) : ReplayPage(run);
}

absl::StatusOr<bool> RunLoop::WaitForSnapshot(const StoredRun& run) {
  StoredRun next = run;
  ASSIGN_OR_RETURN(const bool needs_snapshot, NeedsSnapshot(run.source_platform));
  if (needs_snapshot) {
    ASSIGN_OR_RETURN(const SnapshotProgress progress,
                     source_.Snapshot(run.source_platform, run.source_model));
    if (!progress.obstacle.empty()) return Fail(run, progress.obstacle);
    next.record_count = progress.row_count;
    if (!progress.complete) {
      if (next.record_count != run.record_count) RETURN_IF_ERROR(runs_.Save(run, next));
      return false;
    }
  }
  next.state = v1::RUN_STATE_RUNNING;
  next.record_count = std::max(next.record_count, EstimateRecords(run.source_platform, run.source_model));
  RETURN_IF_ERROR(runs_.Save(run, next));
  return true;
}

absl::StatusOr<bool> RunLoop::ReplayPage(const StoredRun& run) {
  if (!feeder_.Direct() || feeder_.entry_count() >= options_.max_stream_entries) return false;
  ChangeLog::Page page;
  ASSIGN_OR_RETURN(const LoggedModel* model, log_.FindModel(run.source_platform, run.source_model));
  if (model != nullptr) {
    ASSIGN_OR_RETURN(page, log_.LatestPage(*model, run.cursor, options_.page_records));
  }
  StoredRun next = run;
  next.cursor = page.last_local_id;
  next.replayed_count += static_cast<int64_t>(page.states.size());
  if (page.last_local_id.empty()) {
    next.state = v1::RUN_STATE_DONE;
    next.record_count = next.replayed_count;
  }
  next.record_count = std::max(next.record_count, next.replayed_count);
  RETURN_IF_ERROR(replays_.Write(
      std::move(page.states), {run.target_platform, false, run.kind == v1::RUN_KIND_REDELIVER},
      [&](postgres::Transaction& transaction) { return RunStore::Save(transaction, run, next); }));
  if (next.state == v1::RUN_STATE_DONE) {
    log::Info("run done", {{"run", run.id.ToString()}, {"sync", run.sync}, {"records", next.replayed_count}});
  }
  return true;
}

absl::StatusOr<bool> RunLoop::Fail(const StoredRun& run, absl::string_view error) {
  StoredRun next = run;
  next.state = v1::RUN_STATE_FAILED;
  next.error = std::string(error);
  RETURN_IF_ERROR(runs_.Save(run, next));
  return true;
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
  if (!needs_snapshot) {
    run.state = v1::RUN_STATE_RUNNING;
    run.record_count = EstimateRecords(run.source_platform, run.source_model);
  }
  return run;
}

bool RunLoop::SyncExists(const StoredRun& run) const {
  const std::shared_ptr<const v1::Rules> rules = catalogue_.Rules();
  return std::any_of(rules->syncs().begin(), rules->syncs().end(),
                     [&](const v1::CompiledSync& compiled) { return compiled.sync().name() == run.sync; });
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
