// How things stand: their health, and how long the oldest of what waits has waited.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/sync/mutex.h"

namespace cognate::metrics {

inline constexpr char kHealthy[] = "healthy";
inline constexpr char kPaused[] = "paused";    // A person wants it so.
inline constexpr char kFailing[] = "failing";  // Nothing gets through until it is mended.

// cognate_entity_health{kind,name,status}: 1 for the status that a platform, source or sync is in; one alert
// serves them all. Gone with this object. Thread safe.
class EntityHealth {
 public:
  EntityHealth(Registry& registry, absl::string_view kind, absl::string_view name)
      : registry_(registry), kind_(kind), name_(name) {}

  void Set(absl::string_view status);
  // Another process knows better.
  void Clear();

 private:
  Registry& registry_;
  const std::string kind_;
  const std::string name_;
  Mutex mutex_;
  std::string status_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<OwnedGauge> gauge_ ABSL_GUARDED_BY(mutex_);
};

// cognate_oldest_pending_seconds{stage,platform}: the age of the oldest of what waits, worked out when it is
// asked for, so that it grows while nobody can look. Nothing waiting shows 0. Thread safe.
class OldestPending {
 public:
  OldestPending(Registry& registry, const Clock& clock);

  // InfiniteFuture: nothing waits.
  void Set(absl::string_view stage, absl::string_view platform, absl::Time oldest);
  // For what was not in a whole look: nothing of the stage waits on any other platform than these.
  void SetAll(absl::string_view stage, const std::map<std::string, absl::Time>& oldest_of_platforms);

 private:
  using Key = std::pair<std::string, std::string>;
  struct Shown {
    absl::Time oldest;
    std::unique_ptr<OwnedGauge> gauge;
  };
  void SetLocked(const Key& key, absl::Time oldest) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Refresh();

  Registry& registry_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<Key, Shown> shown_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Registry::Refresher> refresher_;  // Last: it uses the others.
};

// cognate_stage_duration_seconds{stage}: how long a stage worked on one piece of work.
Histogram& StageDuration(Registry& registry, absl::string_view stage);

}  // namespace cognate::metrics
