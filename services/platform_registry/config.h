// The settings of platform_registry.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/config/groups.h"
#include "common/config/settings.h"
#include "common/postgres/pool.h"

namespace cognate::platform_registry {

struct Config {
  config::Postgres postgres;
  config::Peers peers = {.registry = ""};  // Which is this one.
  std::string public_url;                  // Where readers reach the gateway; empty: nobody has said.
  absl::Duration database_probe_interval = absl::Seconds(1);
  absl::Duration plan_sweep_interval = absl::Seconds(1);

  // All of it. The object outlives `settings`.
  void Register(config::Settings& settings);
  // Only this service's own, for programs that run several services.
  void RegisterOwn(config::Settings& settings);
};

// The SQL schema and the noun of the service.
inline constexpr char kSchema[] = "platform_registry";
// How the stores reach their schema.
postgres::Options PoolOptions(const Config& config);

}  // namespace cognate::platform_registry
