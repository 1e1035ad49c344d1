#include "services/change_capture/mirror_runs.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/expansions/parents.h"
#include "services/change_capture/renewal.h"
#include "services/clients/guard.h"
#include "services/clients/ways_back.h"

namespace cognate::change_capture {
namespace {

using absl::StrCat;

constexpr size_t kShownIds = 20;

// A cursor says which model the run looks at, and after which local id.
constexpr char kSource = 's';
constexpr char kTarget = 't';

RecordId IdOf(const LoggedState& state) { return {state.model->model_id, state.local_id}; }

}  // namespace

absl::Status MirrorRuns::Check(const v1::CompiledSync& compiled) {
  const v1::Sync& sync = compiled.sync();
  RETURN_IF_ERROR(CheckRules(compiled));
  RETURN_IF_ERROR(CheckCaptured(sync, sync.source_platform(), sync.source_model(), "source"));
  RETURN_IF_ERROR(CheckCaptured(sync, sync.target_platform(), sync.target_model(), "target"));
  RETURN_IF_ERROR(CheckExpanded(sync));
  ASSIGN_OR_RETURN(const bool any, HasLivingRecord(sync.source_platform(), sync.source_model()));
  if (any) return absl::OkStatus();
  return MirrorRefused(sync.name(), StrCat(sync.source_model(), " on ", sync.source_platform(),
                                           " has no records: every record of the target would be removed"));
}

// The sync's own options were checked when it was written; here is what depends on others.
absl::Status MirrorRuns::CheckRules(const v1::CompiledSync& compiled) {
  const v1::Sync& sync = compiled.sync();
  if (!sync.mirror()) return MirrorRefused(sync.name(), "its option mirror is off; set it first");
  if (!clients::TakesChanges(compiled))
    return MirrorRefused(sync.name(), "it is paused or no longer fits its models; make it active first");
  const std::shared_ptr<const v1::Rules> rules = catalogue_.Rules();
  for (const v1::CompiledSync& one : rules->syncs()) {
    const v1::Sync& other = one.sync();
    const bool writes_there =
        other.target_platform() == sync.target_platform() && other.target_model() == sync.target_model();
    if (writes_there && other.name() != sync.name()) {
      return MirrorRefused(sync.name(),
                           StrCat(other.name(), " brings records to ", sync.target_model(), " on ",
                                  sync.target_platform(), ", too: they belong to no record of ",
                                  sync.source_model(), "; one sync alone may write to a mirror"));
    }
    const bool leads_back =
        other.source_platform() == sync.target_platform() && other.source_model() == sync.target_model() &&
        other.target_platform() == sync.source_platform() && other.target_model() == sync.source_model();
    if (leads_back) {
      return MirrorRefused(sync.name(),
                           StrCat(other.name(), " brings records of ", sync.target_model(), " back to ",
                                  sync.source_platform(), ": they belong to both sides"));
    }
  }
  if (clients::ModelsOnWaysBack(*rules).contains({sync.target_platform(), sync.target_model()})) {
    return MirrorRefused(sync.name(),
                         StrCat("other syncs bring records of ", sync.target_model(), " on ",
                                sync.target_platform(), " back to it: they belong to several platforms"));
  }
  return absl::OkStatus();
}

absl::Status MirrorRuns::CheckCaptured(const v1::Sync& sync, const std::string& platform,
                                       const std::string& model, absl::string_view side) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Platform> known, catalogue_.Platform(platform));
  if (known->capture_mode() != v1::CAPTURE_MODE_REPLICATION) {
    return MirrorRefused(sync.name(), StrCat("the ", side, " ", platform,
                                             " is not captured from its database, so nobody knows "
                                             "all of its records; set its capture mode to replication"));
  }
  ASSIGN_OR_RETURN(const SnapshotProgress progress,
                   source_.Snapshot(platform, CapturedModel(*catalogue_.Rules(), platform, model)));
  if (!progress.obstacle.empty())
    return MirrorRefused(sync.name(),
                         StrCat(model, " on ", platform, " cannot be captured: ", progress.obstacle));
  if (progress.complete) return absl::OkStatus();
  return MirrorRefused(sync.name(),
                       StrCat("the snapshot of ", model, " on ", platform, " is not complete (",
                              progress.row_count, " rows so far); try again when it is: `cognate status`"));
}

absl::Status MirrorRuns::CheckExpanded(const v1::Sync& sync) {
  const std::shared_ptr<const v1::Rules> rules = catalogue_.Rules();
  const v1::CompiledExpansion* const expansion =
      FindExpansion(*rules, sync.source_platform(), sync.source_model());
  if (expansion == nullptr) return absl::OkStatus();
  const std::string& parent_model = expansion->model().expansion().model();
  ASSIGN_OR_RETURN(const LoggedModel* const parents, log_.FindModel(sync.source_platform(), parent_model));
  ASSIGN_OR_RETURN(const LoggedModel* const model,
                   log_.FindModel(sync.source_platform(), sync.source_model()));
  if (parents == nullptr || model == nullptr) return absl::OkStatus();
  std::string after;
  do {
    ASSIGN_OR_RETURN(const ChangeLog::Page page, log_.LiveRecords(*parents, after, options_.page_records));
    std::vector<PartSetKey> keys;
    for (const LoggedState& state : page.states)
      keys.push_back({parents->model_id, state.local_id, model->model_id});
    ASSIGN_OR_RETURN(const std::vector<KnownParts> known, part_sets_.Find(keys));
    for (size_t i = 0; i < known.size(); ++i) {
      if (known[i].version >= page.states[i].version && !known[i].error.has_value()) continue;
      return MirrorRefused(
          sync.name(),
          StrCat(parent_model, " ", keys[i].parent_id, " on ", sync.source_platform(),
                 known[i].error.has_value() ? StrCat(" cannot be expanded: ", known[i].error->message())
                                            : " has not come to its parts yet; try again in a moment"));
    }
    after = page.last_local_id;
  } while (!after.empty());
  return absl::OkStatus();
}

absl::StatusOr<bool> MirrorRuns::HasLivingRecord(const std::string& platform, const std::string& model) {
  ASSIGN_OR_RETURN(const LoggedModel* logged, log_.FindModel(platform, model));
  if (logged == nullptr) return false;
  std::string after;
  do {
    ASSIGN_OR_RETURN(const ChangeLog::Page page, log_.LiveRecords(*logged, after, options_.page_records));
    if (!page.states.empty()) return true;
    after = page.last_local_id;
  } while (!after.empty());
  return false;
}

absl::StatusOr<absl::Duration> MirrorRuns::Step(const StoredRun& run, const v1::CompiledSync& compiled) {
  if (run.state == v1::RUN_STATE_HELD) return absl::InfiniteDuration();
  const absl::Status fit = run.cursor.empty() ? Check(compiled) : CheckRules(compiled);
  if (absl::IsFailedPrecondition(fit)) return Fail(run, fit.message());
  RETURN_IF_ERROR(fit);
  const std::string after = run.cursor.empty() ? "" : run.cursor.substr(1);
  const bool at_target = !run.cursor.empty() && run.cursor[0] == kTarget;
  return at_target ? LookAtTarget(run, compiled.sync(), after) : LookAtSource(run, compiled.sync(), after);
}

absl::StatusOr<absl::Duration> MirrorRuns::LookAtSource(const StoredRun& run, const v1::Sync& sync,
                                                        const std::string& after) {
  ASSIGN_OR_RETURN(const LoggedModel* model, log_.FindModel(sync.source_platform(), sync.source_model()));
  if (model == nullptr) return Fail(run, "the source's records are not in the log any more");
  ASSIGN_OR_RETURN(const ChangeLog::Page page, log_.LiveRecords(*model, after, options_.page_records));
  ASSIGN_OR_RETURN(const std::vector<bool> have,
                   HaveOther(page.states, sync.target_platform(), sync.target_model()));
  const auto missing = std::find(have.begin(), have.end(), false);
  if (missing != have.end()) {
    const std::string& local_id = page.states[static_cast<size_t>(missing - have.begin())].local_id;
    auto& [waited_for, since] = waiting_[run.id.ToString()];
    if (waited_for != local_id || since == absl::Time()) since = clock_.Now();
    waited_for = local_id;
    if (clock_.Now() - since < options_.patience) return options_.wait;
    waiting_.erase(run.id.ToString());
    return Fail(run, StrCat(sync.source_model(), " ", local_id, " on ", sync.source_platform(), " is not on ",
                            sync.target_platform(),
                            ", so one of the records there may be meant for it; see `cognate explain ",
                            sync.source_platform(), " ", sync.source_model(), " ", local_id,
                            "`, mend it (or start a backfill), then start another run"));
  }
  waiting_.erase(run.id.ToString());
  StoredRun next = run;
  next.cursor = page.last_local_id.empty() ? std::string(1, kTarget)
                                           : StrCat(std::string(1, kSource), page.last_local_id);
  return Move(run, next);
}

absl::StatusOr<absl::Duration> MirrorRuns::LookAtTarget(const StoredRun& run, const v1::Sync& sync,
                                                        const std::string& after) {
  const bool counts = run.state == v1::RUN_STATE_COUNTING;
  if (!counts && (!feeder_.Direct() || feeder_.entry_count() > 0)) return options_.wait;
  ASSIGN_OR_RETURN(const LoggedModel* model, log_.FindModel(sync.target_platform(), sync.target_model()));
  if (model == nullptr) return Fail(run, "the target's records are not in the log");
  const int batch_size = sync.schedule().batch_size();
  const int limit = !counts && batch_size > 0 ? batch_size : options_.page_records;
  ASSIGN_OR_RETURN(ChangeLog::Page page, log_.LiveRecords(*model, after, limit));
  std::vector<LoggedState> old;
  for (LoggedState& state : page.states) {
    if (state.version <= run.until_version) old.push_back(std::move(state));
  }
  ASSIGN_OR_RETURN(const std::vector<bool> have, HaveOther(old, sync.source_platform(), sync.source_model()));
  std::vector<LoggedState> extra;
  for (size_t i = 0; i < old.size(); ++i) {
    if (!have[i]) extra.push_back(std::move(old[i]));
  }
  const bool is_last = page.last_local_id.empty();
  StoredRun next = run;
  next.cursor = StrCat(std::string(1, kTarget), page.last_local_id);
  if (!counts) {
    if (is_last) next.state = v1::RUN_STATE_DONE;
    const absl::Duration pause = ToDuration(sync.schedule().pause());
    next.resume_time = std::nullopt;
    if (pause > absl::ZeroDuration() && !extra.empty() && !is_last) next.resume_time = clock_.Now() + pause;
    return Remove(run, sync, std::move(next), std::move(extra));
  }
  next.record_count += static_cast<int64_t>(old.size());
  next.extra_count += static_cast<int64_t>(extra.size());
  for (const LoggedState& state : extra) {
    if (next.extra_ids.size() < kShownIds) next.extra_ids.push_back(state.local_id);
  }
  if (!is_last) return Move(run, next);
  next.cursor.clear();
  next.state = next.extra_count == 0 ? v1::RUN_STATE_DONE : v1::RUN_STATE_RUNNING;
  const bool is_much = clients::IsTooMuch(sync, next.extra_count, next.record_count);
  if (next.extra_count > 0 && (run.hold || is_much)) {
    next.state = v1::RUN_STATE_HELD;
    next.error = StrCat("it would remove ", next.extra_count, " of ", next.record_count, " records of ",
                        sync.target_model(), " on ", sync.target_platform(),
                        is_much ? StrCat(", more than ", clients::MaxLeavingPercent(sync), " %") : "",
                        "; look at them, then approve it");
  }
  return Move(run, next);
}

absl::StatusOr<std::vector<bool>> MirrorRuns::HaveOther(const std::vector<LoggedState>& states,
                                                        const std::string& platform,
                                                        const std::string& model) {
  std::vector<bool> have(states.size(), false);
  if (states.empty()) return have;
  v1::ResolveRequest request;
  v1::ResolveGroup* const group = request.add_groups();
  group->set_platform(states.front().model->platform);
  group->set_model(states.front().model->model);
  group->set_target_platform(platform);
  group->set_target_model(model);
  for (const LoggedState& state : states) group->add_local_ids(state.local_id);
  ASSIGN_OR_RETURN(const v1::ResolveResponse response, registry_.Resolve(request));
  if (response.groups_size() != 1 || response.groups(0).target_local_ids_size() != group->local_ids_size())
    return absl::InternalError("Resolve: the answer does not fit the question");
  for (size_t i = 0; i < have.size(); ++i)
    have[i] = !response.groups(0).target_local_ids(static_cast<int>(i)).empty();
  return have;
}

absl::StatusOr<absl::Duration> MirrorRuns::Remove(const StoredRun& run, const v1::Sync& sync, StoredRun next,
                                                  std::vector<LoggedState> extra) {
  // What was deleted at the source since it was counted is on its way to be deleted anyway.
  const int64_t uncounted = run.replayed_count + static_cast<int64_t>(extra.size()) - run.extra_count;
  if (clients::IsTooMuch(sync, uncounted, run.record_count))
    return Fail(run, "many more records are extra than were counted; start another run, which counts again");
  RETURN_IF_ERROR(
      replays_.WriteMade({run.target_platform},
                         [&](postgres::Transaction& transaction) -> absl::StatusOr<std::vector<LoggedState>> {
                           std::vector<RecordId> records;
                           for (const LoggedState& state : extra) records.push_back(IdOf(state));
                           RETURN_IF_ERROR(LockVersions(transaction));
                           ASSIGN_OR_RETURN(auto held, owed_.NewestHeld(transaction, records));
                           std::vector<OwedStore::Amendment> deletes;
                           for (const LoggedState& state : extra) {
                             const auto now = held.find(IdOf(state));
                             // What was changed since it was looked at is somebody's.
                             if (now == held.end() || now->second.version != state.version) continue;
                             deletes.push_back({now->second, {}});
                             deletes.back().state.operation = v1::OPERATION_DELETE;
                           }
                           StoredRun after = next;
                           after.replayed_count = run.replayed_count + static_cast<int64_t>(deletes.size());
                           RETURN_IF_ERROR(RunStore::Save(transaction, run, after));
                           return owed_.Amend(transaction, deletes);
                         }));
  if (next.state == v1::RUN_STATE_DONE)
    log::Info("mirrored", {{"run", run.id.ToString()}, {"sync", run.sync}});
  return absl::ZeroDuration();
}

absl::StatusOr<absl::Duration> MirrorRuns::Move(const StoredRun& run, const StoredRun& next) {
  RETURN_IF_ERROR(runs_.Save(run, next));
  return absl::ZeroDuration();
}

absl::StatusOr<absl::Duration> MirrorRuns::Fail(const StoredRun& run, absl::string_view why) {
  StoredRun next = run;
  next.state = v1::RUN_STATE_FAILED;
  next.error = std::string(why);
  return Move(run, next);
}

}  // namespace cognate::change_capture
