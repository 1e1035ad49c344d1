// The settings of the gateway.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/config/groups.h"
#include "common/config/settings.h"

namespace cognate::gateway {

struct Config {
  config::Peers peers = {};
  std::vector<std::string> http = {"127.0.0.1:7490"};  // Empty: nowhere.
  std::vector<std::string> trusted_proxies = {};
  std::vector<std::string> allowed_origins = {};
  int64_t max_request_bytes = 16 << 20;
  int64_t max_response_bytes = 64 << 20;
  int64_t max_buffered_bytes = 256 << 20;
  int64_t max_upload_bytes = int64_t{1} << 40;
  absl::Duration upload_lifetime = absl::Hours(24);
  int max_connections = 4096;
  int max_connections_of_address = 2048;
  absl::Duration request_timeout = absl::Seconds(60);
  absl::Duration idle_timeout = absl::Seconds(75);
  absl::Duration default_timeout = absl::Seconds(60);
  absl::Duration longest_call = absl::Minutes(5);

  // Shared settings and this service's own. The object outlives `settings`.
  void Register(config::Settings& settings);
  // Only this service's own, for programs that run several services.
  void RegisterOwn(config::Settings& settings);
};

}  // namespace cognate::gateway
