#include "services/feedback/testing/fake_peers.h"

#include <algorithm>

#include "common/status/error.h"
#include "common/sync/thread_sanitizer.h"
#include "tests/support/status_matchers.h"

namespace cognate::feedback {
namespace {

char answers_are_set;

std::string Bytes(const Uuid& entity) { return std::string(entity.AsBytes()); }
std::string Text(const std::string& entity) { return Uuid::FromBytes(entity)->ToString(); }

bool Names(const v1::RecordKey& record, const std::string& platform, const std::string& model,
           const std::string& local_id) {
  return record.platform() == platform && record.model() == model && record.local_id() == local_id;
}

}  // namespace

FakePeers::FakePeers() {
  v1::Sync nations;
  nations.set_source_platform("atlas");
  nations.set_source_model("public.country");
  nations.set_target_platform("shop");
  nations.set_target_model("public.nations");
  SetRules({nations});
  host_ = test_support::ValueOrDie(
      grpc_support::Host::Start({}, {static_cast<v1::LedgerService::Service*>(this),
                                     static_cast<v1::PlatformRegistryService::Service*>(this),
                                     static_cast<v1::ChangeCaptureService::Service*>(this),
                                     static_cast<v1::TransformerService::Service*>(this),
                                     static_cast<v1::DeliveryService::Service*>(this)}));
}

FakePeers::~FakePeers() { host_->Shutdown(absl::Seconds(1)); }

config::Peers FakePeers::addresses() const {
  config::Peers peers;
  peers.registry = peers.change_capture = peers.transformer = peers.delivery = host_->address();
  return peers;
}

void FakePeers::AddSource(const Uuid& entity, const v1::RecordKey& source, int64_t version) {
  MutexLock lock(&mutex_);
  sources_of_[Bytes(entity)] = source;
  v1::Change change;
  change.set_version(version);
  change.set_operation(v1::OPERATION_UPDATE);
  change.mutable_capture_time()->set_seconds(1'700'000'000);
  changes_[source.SerializeAsString()] = change;
}

void FakePeers::AddPlan(const Uuid& entity, const std::string& platform, const std::string& model,
                        int64_t version) {
  MutexLock lock(&mutex_);
  FakeReplica& replica = replicas_[{Bytes(entity), platform, model}];
  replica.desired = version;
  replica.parked = 0;
}

FakeReplica FakePeers::Get(const Uuid& entity, const std::string& platform, const std::string& model) {
  MutexLock lock(&mutex_);
  return replicas_[{Bytes(entity), platform, model}];
}

void FakePeers::Put(const Uuid& entity, const std::string& platform, const std::string& model,
                    const FakeReplica& replica) {
  MutexLock lock(&mutex_);
  replicas_[{Bytes(entity), platform, model}] = replica;
}

void FakePeers::SetRules(const std::vector<v1::Sync>& in_force) {
  MutexLock lock(&mutex_);
  rules_.set_revision(rules_.revision() + 1);
  rules_.clear_syncs();
  for (const v1::Sync& sync : in_force) *rules_.add_syncs()->mutable_sync() = sync;
}

void FakePeers::Forget(const Uuid& entity) {
  MutexLock lock(&mutex_);
  sources_of_.erase(Bytes(entity));
  std::erase_if(replicas_, [&](const auto& replica) { return std::get<0>(replica.first) == Bytes(entity); });
}

void FakePeers::ForgetChange(const v1::RecordKey& record) {
  MutexLock lock(&mutex_);
  changes_.erase(record.SerializeAsString());
}

void FakePeers::AddChange(const v1::RecordKey& record, const v1::Change& change) {
  MutexLock lock(&mutex_);
  changes_[record.SerializeAsString()] = change;
}

std::vector<v1::ReplayRequest> FakePeers::replays() {
  MutexLock lock(&mutex_);
  return replays_;
}

int FakePeers::settle_calls() {
  MutexLock lock(&mutex_);
  return settle_calls_;
}

void FakePeers::OnCall(const std::string& method, std::function<void()> hook) {
  MutexLock lock(&mutex_);
  hooks_[method] = std::move(hook);
}

void FakePeers::SetDown(std::set<std::string> services) {
  MutexLock lock(&mutex_);
  down_ = std::move(services);
}

void FakePeers::BeforeCall() { tsan::Release(&answers_are_set); }

grpc::Status FakePeers::Check(const std::string& service) {
  tsan::Acquire(&answers_are_set);
  MutexLock lock(&mutex_);
  return down_.contains(service) ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "down") : grpc::Status::OK;
}

void FakePeers::CallHook(const std::string& method) {
  std::function<void()> hook;
  {
    MutexLock lock(&mutex_);
    const auto found = hooks_.find(method);
    if (found != hooks_.end()) hook = found->second;
  }
  if (hook) hook();
}

grpc::Status FakePeers::Settle(grpc::ServerContext*, const v1::SettleRequest* request, v1::SettleResponse*) {
  if (grpc::Status status = Check("registry"); !status.ok()) return status;
  {
    MutexLock lock(&mutex_);
    ++settle_calls_;
    for (const v1::SettleGroup& group : request->groups()) {
      for (int i = 0; i < group.entity_ids_size(); ++i) {
        FakeReplica& replica = replicas_[{group.entity_ids(i), group.platform(), group.model()}];
        const int64_t version = group.versions(i);
        if (group.kinds(i) == v1::SETTLE_KIND_PARKED) {
          replica.parked = std::max(replica.parked, version);
          continue;
        }
        if (group.kinds(i) == v1::SETTLE_KIND_INCOMPLETE) {
          replica.local_id = group.local_ids(i);
          continue;
        }
        if (group.kinds(i) == v1::SETTLE_KIND_DISCARDED) {
          if (version != replica.desired || replica.applied >= version) continue;
          replica.applied = version;
          replica.detached = true;
          continue;
        }
        if (version < replica.applied) continue;
        replica.applied = version;
        replica.desired = std::max(replica.desired, version);
        replica.deleted = group.kinds(i) == v1::SETTLE_KIND_DELETED;
        replica.local_id = group.local_ids(i);
        replica.fingerprint = group.fingerprints(i);
      }
    }
  }
  CallHook("Settle");
  return grpc::Status::OK;
}

grpc::Status FakePeers::Resolve(grpc::ServerContext*, const v1::ResolveRequest* request,
                                v1::ResolveResponse* response) {
  if (grpc::Status status = Check("registry"); !status.ok()) return status;
  {
    MutexLock lock(&mutex_);
    for (const v1::ResolveGroup& group : request->groups()) {
      v1::ResolvedGroup* resolved = response->add_groups();
      for (const std::string& entity : group.entity_ids()) {
        const auto found = replicas_.find({entity, group.target_platform(), group.target_model()});
        resolved->add_target_local_ids(found == replicas_.end() ? "" : found->second.local_id);
      }
    }
  }
  CallHook("Resolve");
  return grpc::Status::OK;
}

grpc::Status FakePeers::ListPending(grpc::ServerContext*, const v1::ListPendingRequest* request,
                                    v1::ListPendingResponse* response) {
  if (grpc::Status status = Check("registry"); !status.ok()) return status;
  MutexLock lock(&mutex_);
  for (const auto& [key, replica] : replicas_) {
    if (std::get<1>(key) != request->platform() || replica.applied >= replica.desired ||
        replica.parked >= replica.desired) {
      continue;
    }
    if (response->replicas_size() == request->page_size()) break;
    v1::PendingReplica* pending = response->add_replicas();
    pending->set_entity_id(std::get<0>(key));
    pending->set_model(std::get<2>(key));
    pending->set_desired_version(replica.desired);
    *pending->mutable_source() = sources_of_[std::get<0>(key)];
  }
  return grpc::Status::OK;
}

std::vector<v1::Replica> FakePeers::ReplicasOf(const std::string& entity) const {
  std::vector<v1::Replica> found;
  const v1::RecordKey& record = sources_of_.at(entity);
  if (!replicas_.contains({entity, record.platform(), record.model()})) {
    v1::Replica source;
    source.set_entity_id(Text(entity));
    *source.mutable_record() = record;
    found.push_back(source);
  }
  for (const auto& [key, replica] : replicas_) {
    if (std::get<0>(key) != entity) continue;
    v1::Replica target;
    target.set_entity_id(Text(entity));
    target.mutable_record()->set_platform(std::get<1>(key));
    target.mutable_record()->set_model(std::get<2>(key));
    target.mutable_record()->set_local_id(replica.local_id);
    target.set_desired_version(replica.desired);
    target.set_applied_version(replica.applied);
    target.set_deleted(replica.deleted);
    if (replica.detached) target.set_state(v1::REPLICA_STATE_DETACHED);
    found.push_back(target);
  }
  return found;
}

grpc::Status FakePeers::GetReplicas(grpc::ServerContext*, const v1::GetReplicasRequest* request,
                                    v1::GetReplicasResponse* response) {
  if (grpc::Status status = Check("registry"); !status.ok()) return status;
  MutexLock lock(&mutex_);
  const v1::RecordKey& wanted = request->record();
  std::string entity;
  for (const auto& [id, source] : sources_of_) {
    if (Names(source, wanted.platform(), wanted.model(), wanted.local_id())) entity = id;
  }
  for (const auto& [key, replica] : replicas_) {
    if (Names(wanted, std::get<1>(key), std::get<2>(key), replica.local_id)) entity = std::get<0>(key);
  }
  if (entity.empty()) return {grpc::StatusCode::NOT_FOUND, "unknown"};
  std::vector<v1::Replica> found = ReplicasOf(entity);
  std::stable_partition(found.begin(), found.end(), [&](const v1::Replica& replica) {
    return Names(replica.record(), wanted.platform(), wanted.model(), wanted.local_id());
  });
  for (const v1::Replica& replica : found) *response->add_replicas() = replica;
  return grpc::Status::OK;
}

grpc::Status FakePeers::BatchGetReplicas(grpc::ServerContext*, const v1::BatchGetReplicasRequest* request,
                                         v1::BatchGetReplicasResponse* response) {
  if (grpc::Status status = Check("registry"); !status.ok()) return status;
  MutexLock lock(&mutex_);
  for (const std::string& entity : request->entity_ids()) {
    if (!sources_of_.contains(entity)) continue;
    for (const v1::Replica& replica : ReplicasOf(entity)) *response->add_replicas() = replica;
  }
  return grpc::Status::OK;
}

grpc::Status FakePeers::CountReplicas(grpc::ServerContext*, const v1::CountReplicasRequest*,
                                      v1::CountReplicasResponse* response) {
  if (grpc::Status status = Check("registry"); !status.ok()) return status;
  *response = counts;
  return grpc::Status::OK;
}

void FakePeers::SetPlatform(const v1::Platform& platform) {
  MutexLock lock(&mutex_);
  platforms_[platform.name()] = platform;
}

grpc::Status FakePeers::GetPlatform(grpc::ServerContext*, const v1::GetPlatformRequest* request,
                                    v1::GetPlatformResponse* response) {
  const grpc::Status up = Check("registry");
  if (!up.ok()) return up;
  MutexLock lock(&mutex_);
  const auto found = platforms_.find(request->name());
  if (found != platforms_.end()) *response->mutable_platform() = found->second;
  response->mutable_platform()->set_name(request->name());
  return grpc::Status::OK;
}

grpc::Status FakePeers::ListSyncs(grpc::ServerContext*, const v1::ListSyncsRequest*,
                                  v1::ListSyncsResponse* response) {
  if (grpc::Status status = Check("registry"); !status.ok()) return status;
  for (const v1::Sync& sync : syncs) *response->add_syncs() = sync;
  return grpc::Status::OK;
}

grpc::Status FakePeers::GetRules(grpc::ServerContext*, const v1::GetRulesRequest* request,
                                 v1::GetRulesResponse* response) {
  if (grpc::Status status = Check("registry"); !status.ok()) return status;
  MutexLock lock(&mutex_);
  response->set_revision(rules_.revision());
  if (request->known_revision() != rules_.revision()) *response->mutable_rules() = rules_;
  return grpc::Status::OK;
}

grpc::Status FakePeers::Replay(grpc::ServerContext*, const v1::ReplayRequest* request,
                               v1::ReplayResponse* response) {
  if (grpc::Status status = Check("change_capture"); !status.ok()) return status;
  {
    MutexLock lock(&mutex_);
    replays_.push_back(*request);
    for (const v1::RecordKey& record : request->records()) {
      const bool known = changes_.contains(record.SerializeAsString());
      known ? response->set_replayed_count(response->replayed_count() + 1)
            : response->set_unknown_count(response->unknown_count() + 1);
    }
  }
  CallHook("Replay");
  return grpc::Status::OK;
}

grpc::Status FakePeers::GetLatestChange(grpc::ServerContext*, const v1::GetLatestChangeRequest* request,
                                        v1::GetLatestChangeResponse* response) {
  if (grpc::Status status = Check("change_capture"); !status.ok()) return status;
  MutexLock lock(&mutex_);
  const auto found = changes_.find(request->record().SerializeAsString());
  if (found == changes_.end()) return {grpc::StatusCode::NOT_FOUND, "unknown"};
  *response->mutable_change() = found->second;
  return grpc::Status::OK;
}

grpc::Status FakePeers::ListSources(grpc::ServerContext*, const v1::ListSourcesRequest*,
                                    v1::ListSourcesResponse* response) {
  if (grpc::Status status = Check("change_capture"); !status.ok()) return status;
  *response = sources;
  return grpc::Status::OK;
}

grpc::Status FakePeers::Preview(grpc::ServerContext*, const v1::PreviewRequest*,
                                v1::PreviewResponse* response) {
  if (grpc::Status status = Check("transformer"); !status.ok()) return status;
  *response = preview;
  return grpc::Status::OK;
}

grpc::Status FakePeers::ListLanes(grpc::ServerContext*, const v1::ListLanesRequest*,
                                  v1::ListLanesResponse* response) {
  if (grpc::Status status = Check("delivery"); !status.ok()) return status;
  *response = lanes;
  return grpc::Status::OK;
}

}  // namespace cognate::feedback
