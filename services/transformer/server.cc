#include "services/transformer/server.h"

#include <utility>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/config/redis_options.h"
#include "common/log/log.h"
#include "common/worker/worker.h"
#include "services/clients/registry_client.h"
#include "services/clients/rules_follower.h"
#include "services/transformer/loop.h"
#include "services/transformer/peers_client.h"
#include "services/transformer/rule_set.h"
#include "services/transformer/slices.h"
#include "services/transformer/transformer_service.h"

namespace cognate::transformer {
namespace {

constexpr char kNoun[] = "transformer";
constexpr int kMaxRecords = 10'000;                      // of one question to the ledger
constexpr int kMaxEntities = 1000;                       // of one where records are
constexpr absl::Duration kStopGrace = absl::Seconds(3);  // for the rounds in hand

// Where it is the same after a restart, what was in hand is taken up at once; a pod of a Deployment has
// another name each time, and what was in hand waits for `claim_after`.
std::string InstanceName(const Config& config) {
  if (!config.instance.empty()) return config.instance;
  char host[256] = "localhost";
  gethostname(host, sizeof(host) - 1);
  return host;
}

LoopOptions OptionsOf(const Config& config, int number) {
  LoopOptions options;
  options.redis = config::RedisOptions(config.redis);
  options.stream_prefix = config.redis.PrefixOf(config.stream_prefix);
  options.reader.stream = bus::ChangesStream(options.stream_prefix);
  options.reader.consumer = absl::StrCat(InstanceName(config), "-", number);
  options.reader.claim_after = config.claim_after;
  options.reader.round_changes = static_cast<size_t>(config.round_changes);
  options.wave_changes = static_cast<size_t>(config.round_changes);
  options.lane_batches = config.lane_batches;
  options.lane_hold = config.lane_hold;
  return options;
}

}  // namespace

struct Server::Parts {
  Parts(const Config& from, const service::Environment& given)
      : config(from),
        environment(given),
        registry(config.peers.registry),
        peers(config.peers.change_capture, config.peers.feedback),
        rules(registry, environment.clock, {.timeout = absl::Seconds(5)}),
        metrics(environment.metrics),
        rpcs(kNoun, environment.clock, environment.metrics, environment.gate),
        service(rpcs,
                PreviewParts{rules, MakeLedger(),
                             [this](const v1::RecordKey& record) { return peers.GetLatestChange(record); }},
                MakeRehearsal()) {}

  RehearseParts MakeRehearsal() {
    return {rules, MakeLedger(),
            [this](const v1::ListLatestChangesRequest& request) { return peers.ListLatestChanges(request); },
            [this](const v1::GetReplicaStandsRequest& request) { return registry.GetReplicaStands(request); },
            [this](const v1::CompileRulesRequest& request) { return registry.CompileRules(request); }};
  }

  // That of the loops alone asks where records are: what is shown names every target.
  Ledger MakeLedger(bool asks_where = false) {
    Ledger ledger = {
        [this](const v1::ResolveRequest& request) {
          return ResolveInSlices(request, kMaxRecords,
                                 [this](const v1::ResolveRequest& slice) { return registry.Resolve(slice); });
        },
        [this](const v1::PlanRequest& request) {
          return PlanInSlices(request, kMaxRecords,
                              [this](const v1::PlanRequest& slice) { return registry.Plan(slice); });
        },
        [this](const v1::ListPreviousChangesRequest& request) { return peers.ListPreviousChanges(request); }};
    if (!asks_where) return ledger;
    ledger.where = [this](const v1::BatchGetReplicasRequest& request) {
      return GetReplicasInSlices(request, kMaxEntities, [this](const v1::BatchGetReplicasRequest& slice) {
        return registry.BatchGetReplicas(slice);
      });
    };
    return ledger;
  }

  void PollRules(StopToken& stop) {
    do {
      const absl::Status status = rules.Poll();
      if (!status.ok()) log::Warn("rules cannot be read", {{"service", kNoun}, {"error", status}});
    } while (!stop.WaitFor(config.rules_interval));
  }

  // Rounds that their peers hold up for longer are left to the other replicas.
  void AwaitRounds() const {
    StopToken pause;
    const absl::Time deadline = environment.clock.Now() + kStopGrace;
    for (const std::unique_ptr<Runner>& runner : runners) {
      while (runner->worker != nullptr && !runner->worker->finished() && environment.clock.Now() < deadline)
        pause.WaitFor(absl::Milliseconds(5));
    }
  }

  struct Runner {
    Runner(Parts& parts, int number)
        : name(absl::StrCat("transformer_", number)),
          monitor(name, parts.environment.clock, parts.environment.metrics, parts.config.progress_limit),
          loop(OptionsOf(parts.config, number),
               {parts.environment.clock, parts.rules, parts.MakeLedger(/*asks_where=*/true), parts.peers,
                parts.metrics},
               monitor) {}
    const std::string name;
    health::ProgressMonitor monitor;
    Loop loop;
    std::unique_ptr<Worker> worker;
  };

  const Config config;
  const service::Environment environment;
  clients::RegistryClient registry;
  PeersClient peers;
  clients::RulesFollower<RuleSet> rules;
  Metrics metrics;
  grpc_support::RpcBoundary rpcs;
  TransformerService service;
  std::vector<std::unique_ptr<Runner>> runners;
  std::unique_ptr<Worker> poller;
};

absl::Status Migrate(const Config& /*config*/) {
  log::Info("the transformer owns no schema: nothing to migrate");
  return absl::OkStatus();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const Config& config,
                                                       const service::Environment& environment) {
  auto parts = std::make_unique<Parts>(config, environment);
  for (int number = 1; number <= config.loops; ++number) {
    parts->runners.push_back(std::make_unique<Parts::Runner>(*parts, number));
    health::ProgressMonitor* const monitor = &parts->runners.back()->monitor;
    environment.readiness.AddCheck(parts->runners.back()->name, [monitor] { return monitor->Check(); });
  }
  environment.readiness.AddCheck(
      "rules",
      [rules = &parts->rules] {
        return rules->IsKnown() ? absl::OkStatus() : absl::UnavailableError("not read from the registry yet");
      },
      health::Concern::kCalls);
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::vector<grpc::Service*> Server::grpc_services() { return {&parts_->service}; }
std::vector<std::string> Server::service_names() const {
  return {v1::TransformerService::service_full_name()};
}

absl::Status Server::Start() {
  Parts& parts = *parts_;
  parts.poller = std::make_unique<Worker>("rules", [&parts](StopToken& stop) { parts.PollRules(stop); });
  for (const std::unique_ptr<Parts::Runner>& runner : parts.runners) {
    Loop* const loop = &runner->loop;
    runner->worker = std::make_unique<Worker>(runner->name, [loop](StopToken& stop) { loop->Run(stop); });
  }
  return absl::OkStatus();
}

// The loops stop here, while the peers of this process still answer.
void Server::Drain() {
  Parts& parts = *parts_;
  parts.rpcs.Drain();
  for (const std::unique_ptr<Parts::Runner>& runner : parts.runners) {
    parts.environment.readiness.RemoveCheck(runner->name);
    if (runner->worker != nullptr) runner->worker->RequestStop();
  }
  parts.environment.readiness.RemoveCheck("rules");
  parts.AwaitRounds();
  parts.poller.reset();
  for (const std::unique_ptr<Parts::Runner>& runner : parts.runners) {
    runner->loop.RequestStop();
    runner->worker.reset();
  }
}

void Server::Shutdown() { Drain(); }

}  // namespace cognate::transformer
