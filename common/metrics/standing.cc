#include "common/metrics/standing.h"

#include <algorithm>
#include <utility>

namespace cognate::metrics {

void EntityHealth::Set(absl::string_view status) {
  MutexLock lock(&mutex_);
  if (gauge_ != nullptr && status == status_) return;
  status_ = std::string(status);
  gauge_ = std::make_unique<OwnedGauge>(
      registry_, "entity_health", "1 for the status that a platform, source or sync is in.",
      Registry::Labels{"kind", "name", "status"}, Registry::Labels{kind_, name_, status_});
  gauge_->Set(1);
}

void EntityHealth::Clear() {
  MutexLock lock(&mutex_);
  gauge_.reset();
}

OldestPending::OldestPending(Registry& registry, const Clock& clock) : registry_(registry), clock_(clock) {
  refresher_ = registry.OnScrape([this] { Refresh(); });
}

void OldestPending::Set(absl::string_view stage, absl::string_view platform, absl::Time oldest) {
  MutexLock lock(&mutex_);
  SetLocked({std::string(stage), std::string(platform)}, oldest);
}

void OldestPending::SetAll(absl::string_view stage, const std::map<std::string, absl::Time>& oldest) {
  MutexLock lock(&mutex_);
  for (auto& [key, shown] : shown_) {
    if (key.first == stage && !oldest.contains(key.second)) shown.oldest = absl::InfiniteFuture();
  }
  for (const auto& [platform, time] : oldest) SetLocked({std::string(stage), platform}, time);
}

void OldestPending::SetLocked(const Key& key, absl::Time oldest) {
  Shown& shown = shown_[key];
  shown.oldest = oldest;
  if (shown.gauge != nullptr) return;
  shown.gauge = std::make_unique<OwnedGauge>(
      registry_, "oldest_pending_seconds", "Age of the oldest of what waits; 0: nothing does.",
      Registry::Labels{"stage", "platform"}, Registry::Labels{key.first, key.second});
}

void OldestPending::Refresh() {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  for (auto& [key, shown] : shown_)
    shown.gauge->Set(std::max(0.0, absl::ToDoubleSeconds(now - std::min(now, shown.oldest))));
}

Histogram& StageDuration(Registry& registry, absl::string_view stage) {
  return registry
      .Histograms("stage_duration_seconds", "How long a stage worked on one piece of work.", {"stage"})
      .With({stage});
}

}  // namespace cognate::metrics
