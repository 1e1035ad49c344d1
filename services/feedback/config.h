#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/bus/streams.h"
#include "common/config/groups.h"
#include "common/config/settings.h"
#include "services/feedback/outcome.h"

namespace cognate::feedback {

struct Config {
  config::Postgres postgres;
  config::Redis redis;
  config::Peers peers = {.feedback = ""};  // Which is this one.
  std::string stream_prefix = bus::kDefaultPrefix;
  RetryPolicy retry;
  absl::Duration event_retention = absl::Hours(7 * 24);
  int max_watchers = 64;

  // All of it. A process of several services registers the shared groups once and then RegisterOwn.
  void Register(config::Settings& settings);
  void RegisterOwn(config::Settings& settings);
};

}  // namespace cognate::feedback
