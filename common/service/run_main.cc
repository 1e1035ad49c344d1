#include "common/service/run_main.h"

#include <csignal>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/clock/clock.h"
#include "common/config/groups.h"
#include "common/log/log.h"
#include "common/metrics/build_info.h"
#include "common/metrics/metrics.h"
#include "common/service/cluster.h"
#include "common/status/status_macros.h"

namespace cognate::service {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

std::string ProgramName(absl::string_view noun) { return absl::StrReplaceAll(noun, {{"_", "-"}}); }

ClusterOptions Options(const config::Process& process) {
  ClusterOptions options;
  options.host.addresses = process.listen;
  options.host.max_threads = process.rpc_threads;
  options.host.max_connection_age = process.connection_age;
  options.admin = process.admin;
  options.drain_timeout = process.drain_timeout;
  return options;
}

absl::Status Serve(const ServiceDefinition& definition, const config::Process& process) {
  metrics::Registry metrics;
  Cluster cluster(Options(process), Clock::Real(), metrics);
  ASSIGN_OR_RETURN(std::unique_ptr<Service> service,
                   definition.create(cluster.AddEnvironment(definition.noun)));
  cluster.Add(definition.noun, std::move(service));
  RETURN_IF_ERROR(cluster.Start());
  log::Info(
      "started",
      {{"version", metrics::Version()}, {"port", cluster.port()}, {"admin_port", cluster.admin_port()}});
  const char* signal = WaitForStopSignal();
  log::Info("stopping", {{"signal", signal}});
  cluster.Shutdown();
  log::Info("stopped");
  return absl::OkStatus();
}

absl::Status Migrate(const ServiceDefinition& definition) {
  RETURN_IF_ERROR(definition.migrate());
  log::Info("migrated");
  return absl::OkStatus();
}

}  // namespace

void BlockStopSignals() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

const char* WaitForStopSignal() {
  const sigset_t signals = StopSignals();
  int got = 0;
  while (sigwait(&signals, &got) != 0) {
  }
  // Whoever asks again does not want to wait; but the same signal sent twice at once, to us and to our group,
  // is one.
  const timespec at_once = {};
  while (sigtimedwait(&signals, nullptr, &at_once) > 0) {
  }
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return got == SIGINT ? "SIGINT" : "SIGTERM";
}

int RunMain(int argc, const char* const* argv, const ServiceDefinition& definition) {
  BlockStopSignals();
  config::Settings settings(ProgramName(definition.noun), definition.description);
  config::Process process;
  process.listen = {absl::StrCat("127.0.0.1:", definition.default_port)};
  process.admin = absl::StrCat("127.0.0.1:", definition.default_port + 80);
  process.Register(settings);
  if (definition.register_settings) definition.register_settings(settings);
  settings.AddCommand("serve", "Runs the service until SIGTERM (default)");
  if (definition.migrate) settings.AddCommand("migrate", "Brings the database schema up to date, and ends");
  const absl::StatusOr<config::Invocation> invocation = settings.Parse(argc, argv);
  if (!invocation.ok()) {
    std::fprintf(stderr, "%s\n", std::string(invocation.status().message()).c_str());
    return 2;
  }
  if (invocation->stop) {
    std::fputs(invocation->output.c_str(), stdout);
    return 0;
  }
  log::Init(process.LogOptions(definition.noun));
  const absl::Status status =
      invocation->command == "migrate" ? Migrate(definition) : Serve(definition, process);
  if (status.ok()) return 0;
  log::Error("failed", {{"command", invocation->command}, {"error", status}});
  return 1;
}

}  // namespace cognate::service
