#include "common/service/run_main.h"
#include "services/platform_registry/config.h"
#include "services/platform_registry/server.h"

int main(int argc, char** argv) {
  using cognate::platform_registry::Config;
  using cognate::platform_registry::Server;

  Config config;
  cognate::service::ServiceDefinition definition;
  definition.noun = "platform_registry";
  definition.description = "Knows platforms, models and syncs, who is who, and what is due where.";
  definition.default_port = 7401;
  definition.register_settings = [&](cognate::config::Settings& settings) { config.Register(settings); };
  definition.create = [&](cognate::service::Environment& environment) {
    return Server::Create(config, environment);
  };
  definition.peers = &config.peers;
  definition.migrate = [&] { return cognate::platform_registry::Migrate(config); };
  return cognate::service::RunMain(argc, argv, definition);
}
