#include "cli/up_command.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <malloc.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "cli/commands.h"
#include "cli/link_key.h"
#include "cli/output.h"
#include "cli/private_servers.h"
#include "cli/up_config.h"
#include "common/service/cluster.h"
#include "common/service/run_main.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/trace/exporter.h"
#include "services/change_capture/server.h"
#include "services/delivery/server.h"
#include "services/feedback/server.h"
#include "services/file_transfer/server.h"
#include "services/gateway/server.h"
#include "services/platform_registry/server.h"
#include "services/transformer/server.h"

namespace cognate::cli {
namespace {

constexpr char kDatabase[] = "cognate";

// Everything that `up` runs, in the order in which it starts; it ends in the reverse order.
class Up {
 public:
  explicit Up(UpConfig& config) : config_(config), metrics_(config.process.metrics_max_names) {}

  absl::Status Start() {
    const absl::Time started = absl::Now();
    const service::ClusterOptions options = service::ClusterOptionsOf(config_.process, nullptr);
    RETURN_IF_ERROR(grpc_support::CheckTransport(options.host));
    ASSIGN_OR_RETURN(trust_, service::Trust::Install(config_.process));
    ASSIGN_OR_RETURN(exporter_, trace::Exporter::Start(config_.process.TraceOptions(), metrics_));
    RETURN_IF_ERROR(StartServers());
    RETURN_IF_ERROR(MakeDataDirectory());
    cluster_.emplace(options, Clock::Real(), metrics_);
    config_.Connect(postgres_uri_, redis_address_, cluster_->internal_address());
    if (config_.file_transfer.link_key.empty()) {
      ASSIGN_OR_RETURN(config_.file_transfer.link_key, OwnLinkKey(config_.data_dir));
    }
    RETURN_IF_ERROR(Migrate());
    RETURN_IF_ERROR(AddServices());
    RETURN_IF_ERROR(cluster_->Start());
    RETURN_IF_ERROR(WaitUntilReady());
    return Announce(absl::Now() - started);
  }

  // Until SIGINT or SIGTERM. A private server that ends on its own is started again.
  void Wait() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    const timespec second{.tv_sec = 1, .tv_nsec = 0};
    while (sigtimedwait(&signals, nullptr, &second) < 0) Revive();
  }

  void Stop() {
    if (cluster_) cluster_->Shutdown();
    if (redis_) redis_->Stop();
    if (postgres_) postgres_->Stop();
  }

 private:
  absl::Status StartServers() {
    postgres_uri_ = config_.postgres;
    redis_address_ = config_.redis;
    if (!postgres_uri_.empty() && !redis_address_.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(home_, ServerHome::Prepare(config_.data_dir));
    RETURN_IF_ERROR(Lock());
    if (config_.reset) RETURN_IF_ERROR(Reset());
    if (redis_address_.empty()) {
      ASSIGN_OR_RETURN(redis_, PrivateRedis::Start(home_));
      redis_address_ = redis_->Address();
    }
    if (!postgres_uri_.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(postgres_, PrivatePostgres::Start(home_));
    postgres_uri_ = postgres_->Uri(kDatabase);
    RETURN_IF_ERROR(postgres_->EnsureDatabase(kDatabase));
    for (const std::string& database : config_.databases)
      RETURN_IF_ERROR(postgres_->EnsureDatabase(database));
    return absl::OkStatus();
  }

  absl::Status Reset() const {
    RETURN_IF_ERROR(home_.Reset());
    // Files belong to the database that names them.
    if (!config_.postgres.empty()) return absl::OkStatus();
    std::error_code error;
    std::filesystem::remove_all(config_.OwnFileStore(), error);
    return error ? absl::FailedPreconditionError(absl::StrCat(config_.OwnFileStore(), ": ", error.message()))
                 : absl::OkStatus();
  }

  // For the socket in it, where no server of ours has made it.
  absl::Status MakeDataDirectory() const {
    const std::vector<std::string>& listen = config_.process.listen;
    if (std::find(listen.begin(), listen.end(), DefaultAddress(config_.data_dir)) == listen.end())
      return absl::OkStatus();
    std::error_code error;
    if (!std::filesystem::create_directories(config_.data_dir, error)) {
      return error ? absl::FailedPreconditionError(absl::StrCat(config_.data_dir, ": ", error.message()))
                   : absl::OkStatus();
    }
    std::filesystem::permissions(config_.data_dir, std::filesystem::perms::owner_all, error);
    return absl::OkStatus();
  }

  // The file's lock goes with this process, however it ends.
  absl::Status Lock() const {
    const std::string path = absl::StrCat(home_.directory, "/lock");
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return absl::ErrnoToStatus(errno, path);
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
    return Error(absl::StatusCode::kFailedPrecondition, "DATA_DIR_IN_USE",
                 absl::StrCat("another `cognate up` uses ", home_.directory,
                              ": stop it, or give this one another --data-dir"));
  }

  absl::Status Migrate() {
    RETURN_IF_ERROR(platform_registry::Migrate(config_.platform_registry));
    RETURN_IF_ERROR(change_capture::Migrate(config_.change_capture));
    RETURN_IF_ERROR(delivery::Migrate(config_.delivery));
    RETURN_IF_ERROR(feedback::Migrate(config_.feedback));
    return file_transfer::Migrate(config_.file_transfer);
  }

  absl::Status AddServices() {
    RETURN_IF_ERROR(Add<platform_registry::Server>("platform_registry", config_.platform_registry));
    RETURN_IF_ERROR(Add<change_capture::Server>("change_capture", config_.change_capture));
    RETURN_IF_ERROR(Add<transformer::Server>("transformer", config_.transformer));
    RETURN_IF_ERROR(Add<delivery::Server>("delivery", config_.delivery));
    RETURN_IF_ERROR(Add<feedback::Server>("feedback", config_.feedback));
    RETURN_IF_ERROR(Add<file_transfer::Server>("file_transfer", config_.file_transfer));
    if (config_.gateway.http.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(auto gateway,
                     gateway::Server::Create(config_.gateway, cluster_->AddEnvironment("gateway")));
    gateway_ = gateway.get();
    cluster_->Add("gateway", std::move(gateway));
    return absl::OkStatus();
  }

  template <typename Server, typename Config>
  absl::Status Add(const char* noun, const Config& config) {
    ASSIGN_OR_RETURN(auto server, Server::Create(config, cluster_->AddEnvironment(noun)));
    cluster_->Add(noun, std::move(server));
    return absl::OkStatus();
  }

  absl::Status WaitUntilReady() {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    absl::Status ready = cluster_->Ready();
    while (!ready.ok() && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(5));
      ready = cluster_->Ready();
    }
    return ready;
  }

  absl::Status Announce(absl::Duration took) {
    std::cout << "Cognate is up after " << absl::ToInt64Milliseconds(took) << " ms: gRPC on " << Addresses()
              << (gateway_ == nullptr ? "" : absl::StrCat(", HTTP on ", HttpAddresses()))
              << ", health and metrics on port " << cluster_->admin_port() << "." << std::endl;
    if (postgres_) {
      std::cout << "Its data is in " << home_.directory << ". Ctrl-C stops it." << std::endl;
    }
    if (config_.ready_file.empty()) return absl::OkStatus();
    nlohmann::json ready = {{"grpc", cluster_->address()}, {"admin_port", cluster_->admin_port()}};
    if (cluster_->port() != 0) ready["grpc_port"] = cluster_->port();
    if (gateway_ != nullptr) ready["http"] = gateway_->addresses();
    if (postgres_) {
      ready["databases"][kDatabase] = postgres_->Uri(kDatabase);
      for (const std::string& database : config_.databases)
        ready["databases"][database] = postgres_->Uri(database);
    }
    const std::string partial = config_.ready_file + ".part";
    std::ofstream(partial) << ready.dump(2) << "\n";
    if (std::rename(partial.c_str(), config_.ready_file.c_str()) != 0) {
      return absl::ErrnoToStatus(errno, config_.ready_file);
    }
    return absl::OkStatus();
  }

  // As they can be given to others.
  std::string Addresses() const {
    const std::string first = cluster_->address();
    if (cluster_->port() == 0 || !absl::StartsWith(first, "unix:")) return first;
    return absl::StrCat(first, " and port ", cluster_->port());
  }

  std::string HttpAddresses() const { return absl::StrJoin(gateway_->addresses(), " and "); }

  void Revive() {
    if (redis_ && !redis_->Running()) {
      log::Error("redis ended on its own and is started again");
      absl::StatusOr<PrivateRedis> again = PrivateRedis::Start(home_);
      if (again.ok()) redis_ = *std::move(again);
    }
    if (postgres_ && !postgres_->Running()) {
      log::Error("postgresql ended on its own and is started again");
      absl::StatusOr<PrivatePostgres> again = PrivatePostgres::Start(home_);
      if (again.ok()) postgres_ = *std::move(again);
    }
  }

  UpConfig& config_;
  ServerHome home_;
  std::optional<PrivateRedis> redis_;
  std::optional<PrivatePostgres> postgres_;
  std::string postgres_uri_;
  std::string redis_address_;
  std::unique_ptr<service::Trust> trust_;
  metrics::Registry metrics_;
  std::unique_ptr<trace::Exporter> exporter_;
  std::optional<service::Cluster> cluster_;
  const gateway::Server* gateway_ = nullptr;  // The cluster's; null where nobody listens.
};

}  // namespace

int RunUp(int argc, const char* const* argv) {
  service::BlockStopSignals();
  // Each arena keeps what it once had, and what one thread reads (all rules, a batch) another lets go.
  mallopt(M_ARENA_MAX, 2);
  UpConfig config;
  config::Settings settings("cognate up",
                            "Runs every service in this process, with a private PostgreSQL and Redis.");
  config.Register(settings);
  const absl::StatusOr<config::Invocation> invocation = settings.Parse(argc, argv);
  if (!invocation.ok()) {
    PrintError(std::cerr, invocation.status());
    return 2;
  }
  if (invocation->stop) {
    std::cout << invocation->output;
    return 0;
  }
  log::Init(config.process.LogOptions("cognate"));
  Up up(config);
  const absl::Status started = up.Start();
  if (started.ok()) up.Wait();
  up.Stop();
  if (started.ok()) return 0;
  PrintError(std::cerr, started);
  return 1;
}

// For the list of commands; main hands `up` to RunUp before it parses, for its settings are the services'.
void AddUpCommand(CLI::App& app, Context&) {
  app.add_subcommand("up", "Run every service on this machine, with a private PostgreSQL and Redis")
      ->prefix_command();
}

}  // namespace cognate::cli
