// The services that feedback calls, as small real gRPC services in one server: a ledger that keeps its
// promises in memory, and canned answers for the rest.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "cognate/v1/transformer_service.grpc.pb.h"
#include "common/config/groups.h"
#include "common/grpc/host.h"
#include "common/ids/uuid.h"
#include "common/sync/mutex.h"

namespace cognate::feedback {

struct FakeReplica {
  int64_t desired = 0;
  int64_t applied = 0;
  int64_t parked = 0;
  std::string local_id;
  std::string fingerprint;
  bool deleted = false;
  bool detached = false;
};
using ReplicaKey = std::tuple<std::string, std::string, std::string>;  // Entity (16 bytes), platform, model.

class FakePeers final : public v1::LedgerService::Service,
                        public v1::PlatformRegistryService::Service,
                        public v1::ChangeCaptureService::Service,
                        public v1::TransformerService::Service,
                        public v1::DeliveryService::Service {
 public:
  FakePeers();
  ~FakePeers() override;

  config::Peers addresses() const;

  // What the ledger has; a source record and what it should become. A replica where the source is (Put) makes
  // it a target, too.
  void AddSource(const Uuid& entity, const v1::RecordKey& source, int64_t version);
  void AddPlan(const Uuid& entity, const std::string& platform, const std::string& model, int64_t version);
  FakeReplica Get(const Uuid& entity, const std::string& platform, const std::string& model);
  void Put(const Uuid& entity, const std::string& platform, const std::string& model,
           const FakeReplica& replica);
  // The ledger knows this entity no more: it turned out to be another one.
  void Forget(const Uuid& entity);
  // The change log does not know this record (any more).
  void ForgetChange(const v1::RecordKey& record);
  // A record of the change log.
  void AddChange(const v1::RecordKey& record, const v1::Change& change);

  // The rules in force, at first one sync that takes atlas' public.country to shop's public.nations.
  void SetRules(const std::vector<v1::Sync>& in_force);

  // What the registry says of a platform; of any other, its name alone.
  void SetPlatform(const v1::Platform& platform);

  std::vector<v1::ReplayRequest> replays();
  int settle_calls();
  // Called at the end of each call of that method, without a lock: "Settle", "Resolve", "Replay".
  void OnCall(const std::string& method, std::function<void()> hook);
  // Calls of these services answer UNAVAILABLE: "registry", "change_capture", "transformer", "delivery".
  void SetDown(std::set<std::string> services);
  // Tells ThreadSanitizer, which sees no order between a call and its handler, that the answers below are
  // set.
  static void BeforeCall();

  // Set between calls of the feedback service.
  v1::PreviewResponse preview;
  v1::ListLanesResponse lanes;
  v1::ListSourcesResponse sources;
  std::vector<v1::Sync> syncs;
  v1::CountReplicasResponse counts;

  grpc::Status Settle(grpc::ServerContext*, const v1::SettleRequest*, v1::SettleResponse*) override;
  grpc::Status Resolve(grpc::ServerContext*, const v1::ResolveRequest*, v1::ResolveResponse*) override;
  grpc::Status ListPending(grpc::ServerContext*, const v1::ListPendingRequest*,
                           v1::ListPendingResponse*) override;
  grpc::Status GetReplicas(grpc::ServerContext*, const v1::GetReplicasRequest*,
                           v1::GetReplicasResponse*) override;
  grpc::Status BatchGetReplicas(grpc::ServerContext*, const v1::BatchGetReplicasRequest*,
                                v1::BatchGetReplicasResponse*) override;
  grpc::Status CountReplicas(grpc::ServerContext*, const v1::CountReplicasRequest*,
                             v1::CountReplicasResponse*) override;
  grpc::Status GetPlatform(grpc::ServerContext*, const v1::GetPlatformRequest*,
                           v1::GetPlatformResponse*) override;
  grpc::Status ListSyncs(grpc::ServerContext*, const v1::ListSyncsRequest*, v1::ListSyncsResponse*) override;
  grpc::Status GetRules(grpc::ServerContext*, const v1::GetRulesRequest*, v1::GetRulesResponse*) override;
  grpc::Status Replay(grpc::ServerContext*, const v1::ReplayRequest*, v1::ReplayResponse*) override;
  grpc::Status GetLatestChange(grpc::ServerContext*, const v1::GetLatestChangeRequest*,
                               v1::GetLatestChangeResponse*) override;
  grpc::Status ListSources(grpc::ServerContext*, const v1::ListSourcesRequest*,
                           v1::ListSourcesResponse*) override;
  grpc::Status Preview(grpc::ServerContext*, const v1::PreviewRequest*, v1::PreviewResponse*) override;
  grpc::Status ListLanes(grpc::ServerContext*, const v1::ListLanesRequest*, v1::ListLanesResponse*) override;

 private:
  // The source first.
  std::vector<v1::Replica> ReplicasOf(const std::string& entity) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  grpc::Status Check(const std::string& service);
  void CallHook(const std::string& method);

  Mutex mutex_;
  std::map<ReplicaKey, FakeReplica> replicas_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::RecordKey> sources_of_ ABSL_GUARDED_BY(mutex_);  // By entity.
  std::map<std::string, v1::Change> changes_ ABSL_GUARDED_BY(mutex_);        // By serialized record.
  v1::Rules rules_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::Platform> platforms_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::ReplayRequest> replays_ ABSL_GUARDED_BY(mutex_);
  int settle_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::function<void()>> hooks_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> down_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc_support::Host> host_;
};

}  // namespace cognate::feedback
