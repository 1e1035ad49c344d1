#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/config/groups.h"
#include "common/config/settings.h"
#include "common/service/cluster.h"
#include "common/service/service.h"

namespace cognate::service {

// What makes one service's program different from another's.
struct ServiceDefinition {
  std::string noun = {};         // "platform_registry"; the program is "platform-registry".
  std::string description = {};  // One sentence for --help.
  int default_port = 7400;       // gRPC; the admin port is 80 above it.
  // As HostOptions has it.
  int stream_lookahead_bytes = grpc_support::HostOptions().stream_lookahead_bytes;
  std::function<void(config::Settings&)> register_settings =
      {};  // The service's own; listening, log and threads are added here.
  std::function<absl::StatusOr<std::unique_ptr<Service>>(Environment&)> create = {};
  std::function<absl::Status()> migrate =
      {};  // Brings the schema up to date; empty if the service owns none.
  // Where keys are verified and the audit is written; null, or an empty address: in this process.
  const config::Peers* peers = nullptr;
};

// The whole of a service's main: `serve` (default) runs until SIGTERM or SIGINT, drains and returns 0;
// `migrate` migrates. A second signal ends the process at once. Returns 1 for a failure and 2 for wrong
// settings, each said in one line.
//
//   int main(int argc, char** argv) {
//     Config config;
//     return service::RunMain(argc, argv, {.noun = "delivery", …,
//         .register_settings = [&](config::Settings& settings) { config.Register(settings); },
//         .create = [&](Environment& environment) { return Server::Create(config, environment); }});
//   }
int RunMain(int argc, const char* const* argv, const ServiceDefinition& definition);

// What the settings of a process say: who may call it where, and what it shows to others.
ClusterOptions ClusterOptionsOf(const config::Process& process, const config::Peers* peers);

// Installs what the process trusts and shows (grpc_support::SetClientTrust) and its sealing keys, and forgets
// the former at its end. Outlives every channel.
class Trust {
 public:
  static absl::StatusOr<std::unique_ptr<Trust>> Install(const config::Process& process);
  ~Trust();

 private:
  Trust() = default;
};

// The pieces, for programs that run several services. First thing in main: SIGINT and SIGTERM are blocked in
// all threads made later, SIGPIPE is ignored.
void BlockStopSignals();
// Waits for one of them and returns its name; the next one then ends the process at once.
const char* WaitForStopSignal();

}  // namespace cognate::service
