#include "services/delivery/replica_client.h"

#include "absl/container/flat_hash_map.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "common/grpc/peer.h"
#include "common/sync/mutex.h"

namespace cognate::delivery {
namespace {

using Stub = v1::DeliveryService::Stub;
using Peer = grpc_support::Peer<v1::DeliveryService>;

grpc_support::CallOptions OptionsOf(const grpc_support::Rpc& rpc) {
  return {.timeout = absl::Seconds(70), .deadline = rpc.deadline(), .request_id = rpc.request_id()};
}

}  // namespace

struct ReplicaClient::Peers {
  Peer& At(const std::string& address) {
    MutexLock lock(&mutex);
    std::unique_ptr<Peer>& peer = by_address[address];
    if (peer == nullptr) peer = std::make_unique<Peer>(address);
    return *peer;
  }

  Mutex mutex;
  absl::flat_hash_map<std::string, std::unique_ptr<Peer>> by_address ABSL_GUARDED_BY(mutex);
};

ReplicaClient::ReplicaClient() : peers_(new Peers) {}
ReplicaClient::~ReplicaClient() = default;

std::shared_ptr<grpc_support::CallUnderWay<v1::PullResponse>> ReplicaClient::BeginPull(
    const std::string& address, const v1::PullRequest& request, const grpc_support::Rpc& rpc,
    std::function<void()> on_end) {
  return peers_->At(address).Begin(&Stub::async_interface::Pull,
                                   std::make_shared<const v1::PullRequest>(request), OptionsOf(rpc),
                                   std::move(on_end));
}

absl::Status ReplicaClient::Subscribe(const std::string& address, const v1::SubscribeRequest& request,
                                      const grpc_support::Rpc& rpc,
                                      grpc_support::Sink<v1::SubscribeResponse>& sink) {
  grpc_support::CallOptions options = OptionsOf(rpc);
  options.timeout = absl::InfiniteDuration();
  return peers_->At(address).Stream(&Stub::Subscribe, request, options,
                                    [&](const v1::SubscribeResponse& response) {
                                      return !rpc.cancelled() && !rpc.draining() && sink.Write(response);
                                    });
}

absl::StatusOr<v1::DeliveryServiceReportResponse> ReplicaClient::Report(
    const std::string& address, const v1::DeliveryServiceReportRequest& request,
    const grpc_support::Rpc& rpc) {
  return peers_->At(address).Call(&Stub::Report, request, OptionsOf(rpc));
}

}  // namespace cognate::delivery
