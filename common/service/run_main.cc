#include "common/service/run_main.h"

#include <csignal>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/access/scopes.h"
#include "common/clock/clock.h"
#include "common/grpc/client_trust.h"
#include "common/log/log.h"
#include "common/metrics/build_info.h"
#include "common/metrics/metrics.h"
#include "common/secret/sealing.h"
#include "common/status/status_macros.h"
#include "common/trace/exporter.h"

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

absl::Status Serve(const ServiceDefinition& definition, const config::Process& process) {
  ClusterOptions options = ClusterOptionsOf(process, definition.peers);
  options.host.stream_lookahead_bytes = definition.stream_lookahead_bytes;
  RETURN_IF_ERROR(grpc_support::CheckTransport(options.host));
  ASSIGN_OR_RETURN(const std::unique_ptr<Trust> trust, Trust::Install(process));
  metrics::Registry metrics(process.metrics_max_names);
  ASSIGN_OR_RETURN(const std::unique_ptr<trace::Exporter> exporter,
                   trace::Exporter::Start(process.TraceOptions(), metrics));
  Cluster cluster(options, Clock::Real(), metrics);
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

ClusterOptions ClusterOptionsOf(const config::Process& process, const config::Peers* peers) {
  ClusterOptions options;
  options.host.addresses = process.listen;
  options.host.max_threads = process.rpc_threads;
  options.host.max_connection_age = process.connection_age;
  options.host.tls = {process.tls_certificate_file, process.tls_key_file, process.tls_client_ca_file};
  options.host.plaintext = process.plaintext;
  options.admin = process.admin;
  options.log_level_changes = process.log_level_changes;
  options.drain_timeout = process.drain_timeout;
  options.access.emplace();
  options.access->service_keys = process.ServiceKeys();
  options.access->anonymous_role = access::ParseRole(process.anonymous_role);
  if (peers != nullptr) {
    options.access->registry = peers->registry;
    options.access->feedback = peers->feedback;
  }
  return options;
}

absl::StatusOr<std::unique_ptr<Trust>> Trust::Install(const config::Process& process) {
  RETURN_IF_ERROR(secret::InstallKeyring(process.sealing_keys_file));
  grpc_support::ClientTrust trust = {.ca_file = process.tls_ca_file,
                                     .certificate_file = process.tls_certificate_file,
                                     .key_file = process.tls_key_file,
                                     .plaintext = process.plaintext};
  const std::vector<std::string> keys = process.ServiceKeys();
  if (!keys.empty()) trust.authorization = absl::StrCat("Bearer ", keys.front());
  RETURN_IF_ERROR(grpc_support::SetClientTrust(std::move(trust)));
  return std::unique_ptr<Trust>(new Trust());
}

Trust::~Trust() { grpc_support::SetClientTrust({}).IgnoreError(); }

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
