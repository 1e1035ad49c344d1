// The settings of delivery.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/config/groups.h"
#include "common/config/settings.h"
#include "services/delivery/lane_options.h"
#include "services/delivery/sql_channel/sql_channel.h"

namespace cognate::delivery {

struct Config {
  config::Postgres postgres;
  config::Redis redis;
  config::Peers peers;
  absl::Duration lease_duration = absl::Seconds(3);
  std::string advertise_address;
  LaneOptions lanes;
  SqlChannelOptions sql;

  // Shared settings and this service's own. The object outlives `settings`.
  void Register(config::Settings& settings);
  // Only this service's own, for programs that run several services.
  void RegisterOwn(config::Settings& settings);
};

}  // namespace cognate::delivery
