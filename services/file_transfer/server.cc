#include "services/file_transfer/server.h"

#include <csignal>
#include <functional>
#include <utility>

#include "common/config/postgres_options.h"
#include "common/postgres/migrator.h"
#include "common/postgres/pool.h"
#include "common/postgres/pool_metrics.h"
#include "common/status/status_macros.h"
#include "common/worker/worker.h"
#include "services/clients/registry_client.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/file_transfer_service.h"
#include "services/file_transfer/housekeeping.h"
#include "services/file_transfer/known_platforms.h"
#include "services/file_transfer/links.h"
#include "services/file_transfer/migrations.h"
#include "services/file_transfer/open_store.h"
#include "services/file_transfer/placing/placing.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {
namespace {

constexpr char kSchema[] = "file_transfer";
// What all uploads together may have between the network and the disk.
constexpr int64_t kUploadMemory = 24 << 20;
// And what of them may be on its way into the process.
constexpr int64_t kMessageMemory = 16 << 20;

}  // namespace

absl::Status Migrate(const Config& config) {
  return postgres::Migrate(config.postgres.uri, kSchema, Migrations());
}

struct Server::State {
  State(const Config& config, const service::Environment& environment,
        std::unique_ptr<postgres::Pool> owned_pool, std::unique_ptr<BlobStore> owned_blobs)
      : readiness(environment.readiness),
        pool(std::move(owned_pool)),
        pool_metrics(*pool, environment.metrics, kSchema),
        blobs(std::move(owned_blobs)),
        files(*pool),
        uploads(*pool),
        references(*pool),
        chunks(*pool),
        possession(*pool),
        memory(kUploadMemory),
        messages(environment.clock, kMessageMemory),
        contents(files, *blobs, media_types, memory, environment.clock),
        quota(possession, environment.clock, {config.file_max_bytes, config.file_unbound_bytes}),
        calls(environment.clock, TooManyUploads),
        reads(environment.clock, TooManyDownloads),
        sessions(environment.clock),
        metrics(environment.metrics),
        links(LinkKeys(config.link_key).value_or(std::vector<std::string>())),
        public_url(config.public_url),
        registry(config.peers.registry),
        platforms(registry, environment.clock),
        parts{environment.clock, *blobs, files,    uploads, references, chunks, possession,
              contents,          quota,  calls,    reads,   sessions,   memory, messages,
              metrics,           links,  platforms},
        housekeeping(parts),
        rpcs(kSchema, environment.clock, environment.metrics, environment.gate),
        placing(environment.clock, environment.metrics, *pool, {contents, *blobs, uploads, memory},
                possession, media_types, {config.peers.registry, config.peers.feedback}, {links, public_url},
                {config.file_roots, config.file_max_bytes, config.place_gate}),
        service(rpcs, parts, placing) {
    parts.copies = &placing.copies();
  }

  health::Readiness& readiness;
  std::unique_ptr<postgres::Pool> pool;
  postgres::PoolMetrics pool_metrics;
  std::unique_ptr<BlobStore> blobs;
  FileStore files;
  UploadStore uploads;
  CollectStore references;
  ChunkStore chunks;
  Possession possession;
  MediaTypes media_types;
  ByteBudget memory;
  MessageRoom messages;
  Contents contents;
  UploadQuota quota;
  StreamCalls calls;
  StreamCalls reads;
  UploadSessions sessions;
  Metrics metrics;
  const Links links;
  const std::string public_url;
  clients::RegistryClient registry;
  KnownPlatforms platforms;
  Parts parts;
  Housekeeping housekeeping;
  grpc_support::RpcBoundary rpcs;
  Placing placing;
  FileTransferService service;
  std::vector<std::unique_ptr<Worker>> workers;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const Config& config,
                                                       const service::Environment& environment) {
  // A file that grows too large for the process's limits is an error of the write, not its end.
  std::signal(SIGXFSZ, SIG_IGN);
  RETURN_IF_ERROR(postgres::CheckVersion(config.postgres.uri, kSchema, Migrations()));
  ASSIGN_OR_RETURN(std::unique_ptr<postgres::Pool> pool,
                   postgres::Pool::Create(config::PostgresOptions(config.postgres, kSchema)));
  ASSIGN_OR_RETURN(const FileStore::Identity identity,
                   FileStore(*pool).StoreIdentity(environment.clock.Now()));
  ASSIGN_OR_RETURN(std::unique_ptr<BlobStore> blobs,
                   OpenStore(config, identity.store_id, identity.is_new, environment.clock));
  auto state = std::make_unique<State>(config, environment, std::move(pool), std::move(blobs));
  environment.readiness.AddCheck("file_store", [store = state->blobs.get()] { return store->Check(); });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { Shutdown(); }

std::vector<grpc::Service*> Server::grpc_services() { return {&state_->service}; }

std::vector<std::string> Server::service_names() const {
  return {v1::FileTransferService::service_full_name()};
}

absl::Status Server::Start() {
  State& state = *state_;
  const auto run = [&](const char* name, std::function<void(StopToken&)> loop) {
    state.workers.push_back(std::make_unique<Worker>(name, std::move(loop)));
  };
  run("file-collector", [&](StopToken& stop) { state.housekeeping.RunCollector(stop); });
  run("file-cutter", [&](StopToken& stop) { state.housekeeping.RunCutter(stop); });
  run("file-releaser", [&](StopToken& stop) { state.housekeeping.RunReleaser(stop); });
  state.placing.Start(run);
  return absl::OkStatus();
}

// Uploads go on where they are committed, when the process is back.
void Server::Drain() {
  state_->rpcs.Drain();
  state_->sessions.Close();
}

void Server::Shutdown() {
  state_->readiness.RemoveCheck("file_store");
  for (const auto& worker : state_->workers) worker->RequestStop();
  state_->workers.clear();
}

}  // namespace cognate::file_transfer
