#pragma once

#include <string>
#include <vector>

#include "cli/default_address.h"
#include "common/config/groups.h"
#include "common/config/settings.h"
#include "services/change_capture/config.h"
#include "services/delivery/config.h"
#include "services/feedback/config.h"
#include "services/file_transfer/config.h"
#include "services/gateway/config.h"
#include "services/platform_registry/config.h"
#include "services/transformer/config.h"

namespace cognate::cli {

// The settings of `cognate up`: those of every service, once.
struct UpConfig {
  std::string data_dir = kDefaultDataDir;
  std::string postgres;           // Empty: a private one.
  std::string postgres_password;  // A part of `postgres` after the validation.
  std::string redis;              // Empty: a private one.
  config::Redis redis_login;
  std::vector<std::string> databases;
  std::string ready_file;
  std::string public_url;  // Empty: OwnPublicUrl().
  bool reset = false;
  config::Process process = {.listen = {}};  // Empty: DefaultAddress() in the data directory.

  platform_registry::Config platform_registry;
  change_capture::Config change_capture;
  transformer::Config transformer;
  delivery::Config delivery;
  feedback::Config feedback;
  file_transfer::Config file_transfer;     // Its store: OwnFileStore() unless it is said.
  gateway::Config gateway = {.http = {}};  // Nowhere unless it is said.

  void Register(config::Settings& settings);
  // The first address of the gateway, where readers on this machine can reach it as it is said; else empty.
  std::string OwnPublicUrl() const;
  // Where files are kept unless it is said: in the data directory.
  std::string OwnFileStore() const;
  // Tells every service where the servers and the other services are.
  void Connect(const std::string& postgres_uri, const std::string& redis_address,
               const std::string& peer_address);
};

}  // namespace cognate::cli
