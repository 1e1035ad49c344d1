#include "common/service/run_main.h"
#include "services/transformer/config.h"
#include "services/transformer/server.h"

int main(int argc, char** argv) {
  using namespace cognate;
  transformer::Config config;
  return service::RunMain(
      argc, argv,
      {.noun = "transformer",
       .description = "Turns changes into deliveries for their targets.",
       .default_port = 7403,
       .register_settings = [&](config::Settings& settings) { config.Register(settings); },
       .create =
           [&](service::Environment& environment) {
             return transformer::Server::Create(config, environment);
           },
       .migrate = [&] { return transformer::Migrate(config); },
       .peers = &config.peers});
}
