#include "services/feedback/server.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config/postgres_options.h"
#include "common/config/redis_options.h"
#include "common/health/progress_monitor.h"
#include "common/postgres/migrator.h"
#include "common/postgres/pool.h"
#include "common/postgres/pool_metrics.h"
#include "common/status/status_macros.h"
#include "common/worker/worker.h"
#include "services/feedback/audit/audit_service.h"
#include "services/feedback/events/event_service.h"
#include "services/feedback/feedback_service.h"
#include "services/feedback/hooks/hook_sender.h"
#include "services/feedback/housekeeping.h"
#include "services/feedback/migrations.h"
#include "services/feedback/redrive_loop.h"

namespace cognate::feedback {
namespace {

constexpr char kSchema[] = "feedback";

EventFeedOptions FeedOptions(const Config& config, std::function<void()> on_news) {
  EventFeedOptions options;
  options.redis = config::RedisOptions(config.redis);
  options.stream = bus::EventsStream(config.redis.PrefixOf(config.stream_prefix));
  options.on_news = std::move(on_news);
  return options;
}

}  // namespace

Metrics::Metrics(metrics::Registry& registry, const Clock& clock)
    : outcomes(
          registry.Counters("outcomes_total", "What targets answered, by status.", {"platform", "status"})),
      latency(registry.Histograms("change_latency_seconds",
                                  "From capture to the settlement of the target's answer.", {"platform"})),
      replays(
          registry.Counters("replays_total", "Records that feedback had sent again, by cause.", {"cause"})),
      troubles(registry.Gauges("troubles", "Replicas in trouble, by state.", {"platform", "state"})),
      oldest(registry, clock),
      report_duration(metrics::StageDuration(registry, "report")) {}

absl::Status Migrate(const Config& config) {
  return postgres::Migrate(config.postgres.uri, kSchema, Migrations());
}

struct Server::State {
  State(const Config& config, const service::Environment& environment,
        std::unique_ptr<postgres::Pool> owned_pool)
      : readiness(environment.readiness),
        pool(std::move(owned_pool)),
        pool_metrics(*pool, environment.metrics, kSchema),
        troubles(*pool),
        events(*pool),
        history(*pool),
        feed(events, FeedOptions(config, [this] { polls.Wake(EventService::kPolls); })),
        peers(config.peers),
        waiting(environment.clock, troubles, events, peers, feed, signal),
        metrics(environment.metrics, environment.clock),
        ways(peers.registry(), environment.clock),
        policies(config.retry, peers.registry(), environment.clock),
        canaries(peers.registry(), *pool, environment.clock, environment.metrics),
        parts{environment.clock,
              UniformRandom,
              config.retry,
              policies,
              config.max_watchers,
              troubles,
              events,
              feed,
              peers,
              waiting,
              signal,
              metrics,
              history,
              ways,
              canaries},
        monitor("feedback_redrive", environment.clock, environment.metrics),
        redrive(parts, monitor),
        housekeeping(parts, config.event_retention),
        rpcs(kSchema, environment.clock, environment.metrics, environment.gate),
        service(rpcs, parts),
        audit(*pool),
        audit_service(rpcs, audit, environment.clock),
        hooks(*pool),
        hook_sender(parts, hooks),
        event_service(rpcs, parts, hooks, polls) {}

  health::Readiness& readiness;
  std::unique_ptr<postgres::Pool> pool;
  postgres::PoolMetrics pool_metrics;
  TroubleStore troubles;
  EventStore events;
  HistoryStore history;
  grpc_support::WaitingCalls polls{"list-events"};
  EventFeed feed;
  Peers peers;
  RedriveSignal signal;
  Waiting waiting;
  Metrics metrics;
  SyncWays ways;
  RetryPolicies policies;
  Canaries canaries;
  Parts parts;
  health::ProgressMonitor monitor;
  RedriveLoop redrive;
  Housekeeping housekeeping;
  grpc_support::RpcBoundary rpcs;
  FeedbackService service;
  AuditStore audit;
  AuditService audit_service;
  HookStore hooks;
  HookSender hook_sender;
  EventService event_service;
  std::vector<std::unique_ptr<Worker>> workers;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const Config& config,
                                                       const service::Environment& environment) {
  RETURN_IF_ERROR(postgres::CheckVersion(config.postgres.uri, kSchema, Migrations()));
  ASSIGN_OR_RETURN(std::unique_ptr<postgres::Pool> pool,
                   postgres::Pool::Create(config::PostgresOptions(config.postgres, kSchema)));
  auto state = std::make_unique<State>(config, environment, std::move(pool));
  environment.readiness.AddCheck("feedback_redrive",
                                 [monitor = &state->monitor] { return monitor->Check(); });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { Shutdown(); }

std::vector<grpc::Service*> Server::grpc_services() {
  return {&state_->service, &state_->audit_service, &state_->event_service};
}

std::vector<std::string> Server::service_names() const {
  return {v1::FeedbackService::service_full_name(), v1::AuditService::service_full_name(),
          v1::EventService::service_full_name()};
}

absl::Status Server::Start() {
  State& state = *state_;
  const auto run = [&](const char* name, std::function<void(StopToken&)> loop) {
    state.workers.push_back(std::make_unique<Worker>(name, std::move(loop)));
  };
  run("redrive", [&](StopToken& stop) { state.redrive.RunReplays(stop); });
  run("look", [&](StopToken& stop) { state.redrive.RunLooks(stop); });
  run("event-reader", [&](StopToken& stop) { state.feed.RunReader(stop); });
  run("event-announcer", [&](StopToken& stop) { state.feed.RunAnnouncer(stop); });
  run("event-listener", [&](StopToken& stop) { state.feed.RunListener(stop); });
  run("event-hooks", [&](StopToken& stop) { state.hook_sender.Run(stop); });
  run("housekeeping", [&](StopToken& stop) { state.housekeeping.Run(stop); });
  return absl::OkStatus();
}

void Server::Drain() { state_->rpcs.Drain(); }

void Server::Shutdown() {
  state_->readiness.RemoveCheck("feedback_redrive");
  for (const auto& worker : state_->workers) worker->RequestStop();
  state_->workers.clear();
}

}  // namespace cognate::feedback
