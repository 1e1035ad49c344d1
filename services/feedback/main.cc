#include "common/service/run_main.h"
#include "services/feedback/config.h"
#include "services/feedback/server.h"

int main(int argc, char** argv) {
  using namespace cognate;
  feedback::Config config;
  return service::RunMain(
      argc, argv,
      {.noun = "feedback",
       .description = "Hears what became of deliveries, brings back what is in trouble, and tells.",
       .default_port = 7405,
       .register_settings = [&](config::Settings& settings) { config.Register(settings); },
       .create =
           [&](service::Environment& environment) { return feedback::Server::Create(config, environment); },
       .migrate = [&] { return feedback::Migrate(config); },
       .peers = &config.peers});
}
