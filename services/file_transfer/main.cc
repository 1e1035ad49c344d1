#include <malloc.h>

#include "common/service/run_main.h"
#include "services/file_transfer/config.h"
#include "services/file_transfer/server.h"

int main(int argc, char** argv) {
  using namespace cognate;
  // Buffers of a MiB go from thread to thread: each arena would keep what it once had.
  mallopt(M_ARENA_MAX, 2);
  file_transfer::Config config;
  return service::RunMain(
      argc, argv,
      {.noun = "file_transfer",
       .description = "Keeps the bytes that records refer to, and brings them to platforms.",
       .default_port = 7406,
       // Many uploads at once, each with messages of its own.
       .stream_lookahead_bytes = 1 << 20,
       .register_settings = [&](config::Settings& settings) { config.Register(settings); },
       .create =
           [&](service::Environment& environment) {
             return file_transfer::Server::Create(config, environment);
           },
       .migrate = [&] { return file_transfer::Migrate(config); },
       .peers = &config.peers});
}
