#include "services/platform_registry/server.h"

#include <utility>

#include "common/postgres/migrator.h"
#include "common/postgres/pool.h"
#include "common/postgres/pool_metrics.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/assignments/assignment_service.h"
#include "services/platform_registry/checks/check_service.h"
#include "services/platform_registry/database_probe.h"
#include "services/platform_registry/keys/key_service.h"
#include "services/platform_registry/ledger/due_service.h"
#include "services/platform_registry/ledger/ledger_gauges.h"
#include "services/platform_registry/ledger/ledger_service.h"
#include "services/platform_registry/ledger/plan_sweep.h"
#include "services/platform_registry/migrations.h"
#include "services/platform_registry/pipelines/pipeline_service.h"
#include "services/platform_registry/platform_registry_service.h"
#include "services/platform_registry/rules_service.h"

namespace cognate::platform_registry {
namespace {

absl::StatusOr<std::unique_ptr<postgres::Pool>> MakePool(const Config& config) {
  RETURN_IF_ERROR(postgres::CheckVersion(config.postgres.uri, kSchema, Migrations()));
  return postgres::Pool::Create(PoolOptions(config));
}

// At most 100, the newest.
LiveKeysOf LiveKeysIn(KeyStore& keys) {
  return [&keys](absl::string_view platform) -> absl::StatusOr<LiveKeys> {
    ASSIGN_OR_RETURN(const std::vector<v1::Key> live, keys.List(platform, /*with_dead=*/false, {100, ""}));
    return Summarize(live);
  };
}

}  // namespace

struct Server::Parts {
  Parts(const Config& config, const service::Environment& env, std::unique_ptr<postgres::Pool> opened)
      : environment(env),
        pool(std::move(opened)),
        pool_metrics(*pool, env.metrics, "platform_registry"),
        platforms(*pool, configurations),
        models(*pool, configurations),
        syncs(*pool, configurations),
        pipelines(*pool, configurations),
        rules(*pool, configurations),
        ids(*pool, env.clock),
        identities(*pool, env.clock),
        plans(*pool),
        settlements(*pool, rules),
        adoptions(*pool),
        queries(*pool),
        assignments(*pool),
        platform_numbers(*pool, env.clock),
        keys(*pool),
        enrolments(*pool),
        failed_attempts(env.clock),
        rotations(*pool),
        probe(*pool, config.database_probe_interval),
        sweep(*pool, config.plan_sweep_interval, env.clock, env.metrics),
        gauges(*pool, env.clock, env.metrics),
        rpcs(kSchema, env.clock, env.metrics, env.gate),
        registry_service(
            rpcs, {platforms, models, syncs, rules, ids, environment.clock, !config.public_url.empty()}),
        ledger_service(rpcs, {ids,
                              identities,
                              plans,
                              settlements,
                              adoptions,
                              queries,
                              rules,
                              {assignments, platform_numbers}}),
        due_service(rpcs, *pool),
        pipeline_service(rpcs, pipelines),
        rules_service(rpcs, syncs),
        assignment_service(rpcs, {models, ids, identities, assignments, platform_numbers, rules}),
        key_service(rpcs, {keys, enrolments, failed_attempts, rotations, platforms, environment.clock}),
        check_service(rpcs, {platforms, models, environment.clock, resolver, LiveKeysIn(keys)}) {}

  service::Environment environment;
  std::unique_ptr<postgres::Pool> pool;
  postgres::PoolMetrics pool_metrics;
  ConfigurationCache configurations;
  PlatformStore platforms;
  ModelStore models;
  SyncStore syncs;
  PipelineStore pipelines;
  RulesCache rules;
  ModelIds ids;
  IdentityStore identities;
  PlanStore plans;
  SettleStore settlements;
  AdoptStore adoptions;
  ReplicaQueries queries;
  AssignmentStore assignments;
  PlatformNumbers platform_numbers;
  KeyStore keys;
  EnrolmentStore enrolments;
  FailedAttempts failed_attempts;
  RotationStore rotations;
  DatabaseProbe probe;
  PlanSweep sweep;
  LedgerGauges gauges;
  grpc_support::RpcBoundary rpcs;
  PlatformRegistryService registry_service;
  LedgerService ledger_service;
  DueService due_service;
  PipelineService pipeline_service;
  RulesService rules_service;
  AssignmentService assignment_service;
  KeyService key_service;
  Resolver resolver;
  CheckService check_service;
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
  environment.readiness.AddCheck(
      "database", [probe = &parts->probe] { return probe->Healthy(); }, health::Concern::kCalls);
  environment.readiness.AddCheck("plan_sweep", [sweep = &parts->sweep] { return sweep->Healthy(); });
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::vector<grpc::Service*> Server::grpc_services() {
  return {&parts_->registry_service, &parts_->ledger_service, &parts_->due_service,
          &parts_->pipeline_service, &parts_->rules_service,  &parts_->assignment_service,
          &parts_->key_service,      &parts_->check_service};
}

std::vector<std::string> Server::service_names() const {
  return {v1::PlatformRegistryService::service_full_name(),
          v1::LedgerService::service_full_name(),
          v1::DueService::service_full_name(),
          v1::PipelineService::service_full_name(),
          v1::RulesService::service_full_name(),
          v1::AssignmentService::service_full_name(),
          v1::KeyService::service_full_name(),
          v1::CheckService::service_full_name()};
}

absl::Status Server::Start() {
  parts_->probe.Start();
  parts_->sweep.Start();
  parts_->gauges.Start();
  return absl::OkStatus();
}

void Server::Drain() { parts_->rpcs.Drain(); }

void Server::Shutdown() {
  parts_->environment.readiness.RemoveCheck("database");
  parts_->environment.readiness.RemoveCheck("plan_sweep");
  parts_->gauges.Stop();
  parts_->sweep.Stop();
  parts_->probe.Stop();
}

}  // namespace cognate::platform_registry
