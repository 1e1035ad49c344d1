#include "services/change_capture/server.h"

#include <utility>

#include "common/bus/streams.h"
#include "common/config/postgres_options.h"
#include "common/config/redis_options.h"
#include "common/postgres/migrator.h"
#include "common/postgres/pool.h"
#include "common/postgres/pool_metrics.h"
#include "common/status/status_macros.h"
#include "services/change_capture/agent_clocks.h"
#include "services/change_capture/assignment_moves.h"
#include "services/change_capture/change_capture_service.h"
#include "services/change_capture/conflicts/conflict_loop.h"
#include "services/change_capture/conflicts/conflict_service.h"
#include "services/change_capture/expansions/expansion_service.h"
#include "services/change_capture/leave_counts.h"
#include "services/change_capture/migrations.h"
#include "services/change_capture/restores/backup_service.h"
#include "services/change_capture/source_manager.h"
#include "services/change_capture/telling/teller.h"
#include "services/clients/registry_client.h"

namespace cognate::change_capture {
namespace {

constexpr char kSchema[] = "change_capture";

absl::StatusOr<std::unique_ptr<postgres::Pool>> MakePool(const Config& config, int max_connections) {
  RETURN_IF_ERROR(postgres::CheckVersion(config.postgres.uri, kSchema, Migrations()));
  postgres::Options options = config::PostgresOptions(config.postgres, kSchema);
  options.max_connections = max_connections;
  options.settings = config::PlansByIndex();
  return postgres::Pool::Create(options);
}

redis::Options RedisOptions(const Config& config) {
  redis::Options options = config::RedisOptions(config.redis);
  options.command_timeout = absl::Seconds(2);
  return options;
}

StreamFeederOptions FeederOptions(const Config& config) {
  StreamFeederOptions options = config.feeder;
  options.stream = bus::ChangesStream(config.redis.PrefixOf(config.stream_prefix));
  return options;
}

}  // namespace

struct Server::Parts {
  Parts(const Config& config, const service::Environment& env, std::unique_ptr<postgres::Pool> opened,
        std::unique_ptr<postgres::Pool> opened_for_append)
      : environment(env),
        pool(std::move(opened)),
        append_pool(std::move(opened_for_append)),
        pool_metrics(*pool, env.metrics, kSchema),
        append_pool_metrics(*append_pool, env.metrics, kSchema, "append"),
        registry(config.peers.registry),
        catalogue(registry, env.clock, config.catalogue),
        log(*pool),
        newest(*pool),
        batches(*pool),
        feeder(RedisOptions(config), batches, log, env.clock, env.metrics, FeederOptions(config)),
        appender(
            *append_pool, feeder, [this] { return catalogue.Revision(); }, env.clock, env.metrics,
            config.appender),
        replays(*pool, feeder, catalogue, env.clock),
        source({*pool, log, appender, catalogue, env.clock, env.metrics}),
        runs(*pool),
        rule_changes(*pool, runs, catalogue, env.clock),
        conflicts(*pool, log),
        owed(*pool, log),
        part_sets(*pool),
        schedules(*pool, runs, log, catalogue, env.clock),
        mirrors(runs, log, part_sets, replays, owed, feeder, catalogue, source, registry, env.clock,
                config.mirrors),
        run_loop(runs, log, replays, feeder, catalogue, source, rule_changes, schedules, mirrors, env.clock,
                 config.runs),
        leave_counts(registry, config.peers.transformer, catalogue, rule_changes),
        assignment_moves(*pool, registry, log, replays, feeder, catalogue, env.clock, config.assignments),
        amender(conflicts, owed, replays, env.clock),
        past(*pool, log),
        conflict_loop(*pool, log, conflicts, owed, amender, catalogue, env.clock, env.metrics),
        teller(*pool, config.peers.feedback),
        clocks(*pool, env.clock, env.metrics),
        checker(catalogue, log, clocks),
        rpcs(kSchema, env.clock, env.metrics, env.gate),
        service(rpcs, {env.clock, catalogue, checker, appender, log, newest, batches, replays, runs, run_loop,
                       schedules, mirrors, source}),
        conflict_service(rpcs, conflicts, amender, log),
        expansion_service(rpcs, log, appender, part_sets),
        backup_service(rpcs, log, past, catalogue, amender) {}

  service::Environment environment;
  std::unique_ptr<postgres::Pool> pool;
  std::unique_ptr<postgres::Pool> append_pool;  // so that no reader can keep commits waiting for a connection
  postgres::PoolMetrics pool_metrics;
  postgres::PoolMetrics append_pool_metrics;
  clients::RegistryClient registry;
  Catalogue catalogue;
  ChangeLog log;
  NewestRecordsStore newest;
  BatchStore batches;
  StreamFeeder feeder;
  Appender appender;
  ReplayWriter replays;
  SourceManager source;
  RunStore runs;
  RuleChanges rule_changes;
  ConflictStore conflicts;
  OwedStore owed;
  PartSetStore part_sets;
  Schedules schedules;
  MirrorRuns mirrors;
  RunLoop run_loop;
  LeaveCounts leave_counts;
  AssignmentMoves assignment_moves;
  Amender amender;
  PastStore past;
  ConflictLoop conflict_loop;
  Teller teller;
  AgentClocks clocks;
  BatchChecker checker;
  grpc_support::RpcBoundary rpcs;
  ChangeCaptureService service;
  ConflictService conflict_service;
  ExpansionService expansion_service;
  BackupService backup_service;
};

absl::Status Migrate(const Config& config) {
  return postgres::Migrate(config.postgres.uri, kSchema, Migrations());
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const Config& config,
                                                       const service::Environment& environment) {
  ASSIGN_OR_RETURN(std::unique_ptr<postgres::Pool> pool, MakePool(config, config.postgres.pool_size));
  ASSIGN_OR_RETURN(std::unique_ptr<postgres::Pool> append_pool, MakePool(config, 1));
  auto parts = std::make_unique<Parts>(config, environment, std::move(pool), std::move(append_pool));
  environment.readiness.AddCheck(
      "append", [appender = &parts->appender] { return appender->Healthy(); }, health::Concern::kCalls);
  environment.readiness.AddCheck("stream", [feeder = &parts->feeder] { return feeder->Healthy(); });
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::vector<grpc::Service*> Server::grpc_services() {
  return {&parts_->service, &parts_->conflict_service, &parts_->expansion_service, &parts_->backup_service};
}
std::vector<std::string> Server::service_names() const {
  return {v1::ChangeCaptureService::service_full_name(), v1::ConflictService::service_full_name(),
          v1::ExpansionService::service_full_name(), v1::BackupService::service_full_name()};
}

absl::Status Server::Start() {
  parts_->catalogue.Start();
  parts_->feeder.Start();
  parts_->appender.Start();
  parts_->source.Start();
  parts_->clocks.Start();
  parts_->run_loop.Start();
  parts_->leave_counts.Start();
  parts_->conflict_loop.Start();
  parts_->assignment_moves.Start();
  parts_->teller.Start();
  return absl::OkStatus();
}

void Server::Drain() {
  parts_->rpcs.Drain();
  parts_->catalogue.Stop();
}

void Server::Shutdown() {
  parts_->environment.readiness.RemoveCheck("append");
  parts_->environment.readiness.RemoveCheck("stream");
  parts_->teller.Stop();
  parts_->assignment_moves.Stop();
  parts_->conflict_loop.Stop();
  parts_->leave_counts.Stop();
  parts_->run_loop.Stop();
  parts_->clocks.Stop();
  parts_->source.Stop();
  parts_->appender.Stop();
  parts_->feeder.Stop();
}

}  // namespace cognate::change_capture
