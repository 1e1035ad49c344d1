#include "common/service/run_main.h"
#include "services/change_capture/config.h"
#include "services/change_capture/server.h"

int main(int argc, char** argv) {
  using cognate::change_capture::Config;
  using cognate::change_capture::Server;

  Config config;
  cognate::service::ServiceDefinition definition;
  definition.noun = "change_capture";
  definition.description = "Takes changes into the change log, and gives them out again.";
  definition.default_port = 7402;
  definition.register_settings = [&](cognate::config::Settings& settings) { config.Register(settings); };
  definition.create = [&](cognate::service::Environment& environment) {
    return Server::Create(config, environment);
  };
  definition.peers = &config.peers;
  definition.migrate = [&] { return cognate::change_capture::Migrate(config); };
  return cognate::service::RunMain(argc, argv, definition);
}
