#include "services/change_capture/source_manager.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/change_capture/agent_clocks.h"
#include "services/change_capture/expansions/parents.h"
#include "services/change_capture/postgres_source/publication.h"

namespace cognate::change_capture {

SourceManager::SourceManager(const SourceEnvironment& environment, SourceManagerOptions options)
    : environment_(environment),
      options_(options),
      store_(environment.pool),
      changes_(environment.metrics.Counters("source_changes_total", "Changes captured from databases.",
                                            {"platform"})),
      skipped_(environment.metrics.Counters("source_skipped_rows_total", "Rows that cannot be records.",
                                            {"platform"})),
      out_of_bounds_(StampsOutOfBounds(environment.metrics)),
      read_anew_(environment.metrics.Counters(
          "source_read_anew_total", "Times that a source's position was lost and all of it was read again.",
          {"platform"})) {}

SourceManager::Shown::Shown(metrics::Registry& metrics, const std::string& platform)
    : lag_bytes(metrics, "source_lag_bytes", "How far a source's log is ahead of what is captured.",
                {"platform"}, {platform}),
      lag_seconds(metrics, "source_lag_seconds",
                  "How old the last change was when it was captured; 0: nothing is behind.", {"platform"},
                  {platform}),
      heartbeat(metrics, "source_heartbeat_timestamp_seconds",
                "When the capture of a source was last seen to be alive.", {"platform"}, {platform}),
      clock_offset(metrics, "source_clock_offset_seconds",
                   "How far a source's clock is ahead of ours; negative: behind.", {"platform"}, {platform}),
      read_anew_time(metrics, "source_read_anew_timestamp_seconds",
                     "When a source's position was last found lost; 0: not since the process began.",
                     {"platform"}, {platform}),
      health(metrics, "source", platform) {}

SourceManager::~SourceManager() { Stop(); }

void SourceManager::Start() {
  worker_ = std::make_unique<Worker>("sources", [this](StopToken& stop) { Run(stop); });
}

void SourceManager::Stop() {
  if (worker_ != nullptr) worker_->Stop();
  worker_.reset();
  for (const auto& [platform, source] : sources_) source->RequestStop();
  sources_.clear();
}

void SourceManager::Run(StopToken& stop) {
  int64_t seen_revision = -1;
  absl::Time seen_time = absl::InfinitePast();
  while (!stop.stopping()) {
    const absl::Time now = environment_.clock.Now();
    const int64_t revision = environment_.catalogue.Revision();
    if (revision != seen_revision || now - seen_time >= options_.platforms_interval) {
      Look();
      seen_revision = revision;
      seen_time = now;
    }
    stop.WaitFor(options_.rules_interval);
  }
}

void SourceManager::Look() {
  const absl::StatusOr<Plans> wanted = WantedPlans();
  // What cannot be known now stays as it is.
  if (!wanted.ok()) return;
  Adopt(*wanted);
  RetireUnwanted(*wanted);
  ForgetAgents();
}

absl::StatusOr<SourceManager::Plans> SourceManager::WantedPlans() {
  const std::shared_ptr<const v1::Rules> rules = environment_.catalogue.Rules();
  if (rules->revision() == 0) return absl::UnavailableError("the rules are not known yet");
  std::map<std::string, std::set<std::string>> models;
  for (const v1::CompiledSync& compiled : rules->syncs()) {
    models[compiled.sync().source_platform()].insert(
        CapturedModel(*rules, compiled.sync().source_platform(), compiled.sync().source_model()));
    // What is extra there is found in the log.
    if (compiled.sync().mirror())
      models[compiled.sync().target_platform()].insert(compiled.sync().target_model());
  }
  Plans plans;
  for (const auto& [id, names] : models) {
    const absl::StatusOr<std::shared_ptr<const v1::Platform>> platform = environment_.catalogue.Platform(id);
    if (absl::IsNotFound(platform.status())) continue;
    RETURN_IF_ERROR(platform.status());
    if ((*platform)->capture_mode() != v1::CAPTURE_MODE_REPLICATION) continue;
    plans[id] = {(*platform)->database(), {names.begin(), names.end()}};
  }
  return plans;
}

void SourceManager::Adopt(const Plans& wanted) {
  for (const auto& [platform, plan] : wanted) {
    const auto known = sources_.find(platform);
    if (known != sources_.end()) {
      known->second->SetPlan(plan);
    } else {
      AddSource(platform, plan);
    }
  }
}

void SourceManager::RetireUnwanted(const Plans& wanted) {
  for (auto source = sources_.begin(); source != sources_.end();) {
    if (wanted.contains(source->first)) {
      ++source;
    } else if (source->second->retired()) {
      const bool deleted = absl::IsNotFound(environment_.catalogue.Platform(source->first).status());
      if (deleted) store_.Forget(source->first).IgnoreError();
      const std::string platform = source->first;
      source = sources_.erase(source);
      shown_.erase(platform);
    } else {
      source->second->SetPlan({source->second->plan().database, {}});
      ++source;
    }
  }
  const absl::StatusOr<std::vector<std::string>> with_slots = store_.PlatformsWithSlots();
  if (!with_slots.ok()) return;
  for (const std::string& platform : *with_slots) {
    if (!wanted.contains(platform) && !sources_.contains(platform)) RetireLeftover(platform);
  }
}

// Of platforms that were deleted, or whose database is read now.
void SourceManager::ForgetAgents() {
  const absl::StatusOr<std::vector<std::string>> agents = store_.Agents();
  if (!agents.ok()) return;
  for (const std::string& platform : *agents) {
    const auto known = environment_.catalogue.Platform(platform);
    const bool is_agent = known.ok() && (*known)->capture_mode() == v1::CAPTURE_MODE_AGENT;
    if (!is_agent && !absl::IsUnavailable(known.status())) store_.ForgetAgent(platform).IgnoreError();
  }
}

// Its last sync went away while no process was running.
void SourceManager::RetireLeftover(const std::string& platform) {
  const absl::StatusOr<std::shared_ptr<const v1::Platform>> known = environment_.catalogue.Platform(platform);
  if (known.ok() && (*known)->has_database()) {
    AddSource(platform, {(*known)->database(), {}});
  } else if (absl::IsNotFound(known.status())) {
    log::Warn("a deleted platform's replication slot may be left on its server: drop it there",
              {{"platform", platform}, {"slot", SlotName(platform)}});
    store_.Forget(platform).IgnoreError();
  }
}

void SourceManager::AddSource(const std::string& platform, SourcePlan plan) {
  auto& shown = shown_[platform] = std::make_unique<Shown>(environment_.metrics, platform);
  const PostgresSourceMetrics metrics{shown->lag_bytes.gauge(),        shown->lag_seconds.gauge(),
                                      shown->heartbeat.gauge(),        changes_.With({platform}),
                                      skipped_.With({platform}),       shown->clock_offset.gauge(),
                                      out_of_bounds_.With({platform}), read_anew_.With({platform}),
                                      shown->read_anew_time.gauge(),   shown->health};
  auto source = std::make_unique<PostgresSource>(platform, environment_, store_, metrics, options_.source,
                                                 std::move(plan));
  source->Start();
  sources_[platform] = std::move(source);
}

absl::StatusOr<std::vector<v1::Source>> SourceManager::List(absl::string_view platform) {
  return store_.List(platform);
}

absl::StatusOr<SnapshotProgress> SourceManager::Snapshot(absl::string_view platform,
                                                         absl::string_view model) {
  ASSIGN_OR_RETURN(const std::vector<v1::Source> sources, store_.List(platform));
  SnapshotProgress progress;
  for (const v1::Source& source : sources) {
    for (const v1::SourceModel& known : source.models()) {
      if (known.model() != model) continue;
      progress.complete = known.snapshot_complete();
      progress.row_count = known.snapshot_row_count();
      progress.obstacle = known.obstacle();
    }
  }
  return progress;
}

}  // namespace cognate::change_capture
