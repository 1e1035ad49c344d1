#include "common/service/run_main.h"
#include "services/gateway/config.h"
#include "services/gateway/server.h"

int main(int argc, char** argv) {
  using namespace cognate;
  gateway::Config config;
  return service::RunMain(
      argc, argv,
      {.noun = "gateway",
       .description = "Answers every RPC as JSON over HTTP.",
       .default_port = 7407,
       .register_settings = [&](config::Settings& settings) { config.Register(settings); },
       .create =
           [&](service::Environment& environment) { return gateway::Server::Create(config, environment); },
       .peers = &config.peers});
}
