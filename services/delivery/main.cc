#include "common/service/run_main.h"
#include "services/delivery/config.h"
#include "services/delivery/server.h"

int main(int argc, char** argv) {
  using cognate::delivery::Config;
  using cognate::delivery::Server;

  Config config;
  cognate::service::ServiceDefinition definition;
  definition.noun = "delivery";
  definition.description = "Sends what is due to its targets, and reports what became of it.";
  definition.default_port = 7404;
  definition.register_settings = [&](cognate::config::Settings& settings) { config.Register(settings); };
  definition.create = [&](cognate::service::Environment& environment) {
    return Server::Create(config, environment);
  };
  definition.peers = &config.peers;
  definition.migrate = [&] { return cognate::delivery::Migrate(config); };
  return cognate::service::RunMain(argc, argv, definition);
}
