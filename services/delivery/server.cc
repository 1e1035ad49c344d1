#include "services/delivery/server.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/config/postgres_options.h"
#include "common/config/redis_options.h"
#include "common/ids/uuid.h"
#include "common/postgres/migrator.h"
#include "common/postgres/pool.h"
#include "common/postgres/pool_metrics.h"
#include "common/status/status_macros.h"
#include "services/delivery/channels.h"
#include "services/delivery/delivery_service.h"
#include "services/delivery/lane_manager.h"
#include "services/delivery/lease_store.h"
#include "services/delivery/migrations.h"

namespace cognate::delivery {
namespace {

constexpr char kSchema[] = "delivery";

// Names this process among all that were and will be.
std::string OwnerName() {
  char host[256] = "localhost";
  gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, ":", getpid(), ":", RandomHex(4));
}

absl::StatusOr<std::unique_ptr<postgres::Pool>> MakePool(const Config& config) {
  RETURN_IF_ERROR(postgres::CheckVersion(config.postgres.uri, kSchema, Migrations()));
  postgres::Options options = config::PostgresOptions(config.postgres, kSchema);
  options.statement_timeout = absl::Seconds(5);  // a renewal that takes longer has failed
  options.max_connections = std::min(4, config.postgres.pool_size);
  return postgres::Pool::Create(options);
}

LaneOptions LanesOf(const Config& config) {
  LaneOptions options = config.lanes;
  options.stream_prefix = config.redis.PrefixOf(options.stream_prefix);
  return options;
}

}  // namespace

struct Server::Parts {
  Parts(const Config& config, const service::Environment& given, std::unique_ptr<postgres::Pool> opened)
      : environment(given),
        pool(std::move(opened)),
        pool_metrics(*pool, environment.metrics, kSchema),
        leases(*pool),
        registry(config.peers.registry),
        feedback(config.peers.feedback),
        due(config.peers.registry),
        files(config.peers.file_transfer),
        channels(config.sql, registry, environment.clock,
                 [this](const std::string& platform) { waiting.Wake(platform); }),
        context{environment.clock,
                environment.metrics,
                registry,
                feedback,
                due,
                files,
                config::RedisOptions(config.redis),
                [this](const v1::Platform& platform) { return channels.Make(platform); },
                LanesOf(config)},
        manager(context, leases, OwnerName(), config.advertise_address, config.lease_duration),
        rpcs(kSchema, environment.clock, environment.metrics, environment.gate),
        agents(context, manager, leases, channels.mailboxes(), waiting),
        service(rpcs, manager, leases, context, agents, waiting) {}

  service::Environment environment;
  std::unique_ptr<postgres::Pool> pool;
  postgres::PoolMetrics pool_metrics;
  LeaseStore leases;
  clients::RegistryClient registry;
  FeedbackClient feedback;
  DueClient due;
  FileTransferClient files;
  grpc_support::WaitingCalls waiting{"pull"};
  Channels channels;
  LaneContext context;
  LaneManager manager;
  grpc_support::RpcBoundary rpcs;
  AgentCalls agents;
  DeliveryService service;
};

absl::Status Migrate(const Config& config) {
  return postgres::Migrate(config.postgres.uri, kSchema, Migrations());
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const Config& config,
                                                       const service::Environment& environment) {
  ASSIGN_OR_RETURN(std::unique_ptr<postgres::Pool> pool, MakePool(config));
  auto parts = std::make_unique<Parts>(config, environment, std::move(pool));
  environment.readiness.AddCheck("lanes", [manager = &parts->manager] { return manager->Check(); });
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::vector<grpc::Service*> Server::grpc_services() { return {&parts_->service}; }
std::vector<std::string> Server::service_names() const { return {v1::DeliveryService::service_full_name()}; }

absl::Status Server::Start() {
  parts_->manager.Start();
  return absl::OkStatus();
}

// The lanes stop here, while feedback still takes what they have to tell.
void Server::Drain() {
  parts_->rpcs.Drain();
  parts_->environment.readiness.RemoveCheck("lanes");
  parts_->manager.Stop();
}

void Server::Shutdown() { Drain(); }

}  // namespace cognate::delivery
