// The settings of the transformer.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "common/bus/streams.h"
#include "common/config/groups.h"
#include "common/config/settings.h"

namespace cognate::transformer {

struct Config {
  config::Redis redis;
  config::Peers peers;
  std::string stream_prefix = bus::kDefaultPrefix;
  std::string instance;  // default: the host's name
  int loops = 1;
  int64_t round_changes = 1'000;
  int64_t lane_batches = 64;
  absl::Duration lane_hold = absl::Seconds(1);
  absl::Duration claim_after = absl::Seconds(3);
  absl::Duration rules_interval = absl::Milliseconds(300);
  absl::Duration progress_limit = absl::Seconds(10);

  // Shared settings and this service's own. The object outlives `settings`.
  void Register(config::Settings& settings);
  // Only this service's own, for programs that run several services.
  void RegisterOwn(config::Settings& settings);
};

}  // namespace cognate::transformer
