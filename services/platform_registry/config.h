// The settings of platform_registry.
#pragma once

#include "absl/time/time.h"
#include "common/config/groups.h"
#include "common/config/settings.h"

namespace cognate::platform_registry {

struct Config {
  config::Postgres postgres;
  absl::Duration database_probe_interval = absl::Seconds(1);

  // All of it. The object outlives `settings`.
  void Register(config::Settings& settings);
  // Only this service's own, for programs that run several services.
  void RegisterOwn(config::Settings& settings);
};

}  // namespace cognate::platform_registry
