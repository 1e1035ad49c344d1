// The calls of a platform's agent: what an agent gets, and what becomes of its answers.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/delivery_service.pb.h"
#include "common/grpc/rpc.h"
#include "common/grpc/waiting_calls.h"
#include "common/sync/mutex.h"
#include "services/delivery/agent_channel/mailbox.h"
#include "services/delivery/lane_manager.h"
#include "services/delivery/lane_options.h"
#include "services/delivery/lease_store.h"
#include "services/delivery/replica_client.h"

namespace cognate::delivery {

// Thread safe.
class AgentCalls {
 public:
  // `waiting` has the calls of Pull, by platform.
  AgentCalls(const LaneContext& context, LaneManager& manager, LeaseStore& leases, Mailboxes& mailboxes,
             grpc_support::WaitingCalls& waiting)
      : context_(context), manager_(manager), leases_(leases), mailboxes_(mailboxes), waiting_(waiting) {}

  // What RpcBoundary::Waiting asks again and again. `request` is there as long as it is.
  using PullLook =
      std::function<absl::StatusOr<std::optional<v1::PullResponse>>(const grpc_support::Rpc& rpc)>;
  PullLook Pull(const v1::PullRequest& request);
  absl::Status Subscribe(const v1::SubscribeRequest& request, const grpc_support::Rpc& rpc,
                         grpc_support::Sink<v1::SubscribeResponse>& sink);
  absl::StatusOr<v1::DeliveryServiceReportResponse> Report(const v1::DeliveryServiceReportRequest& request,
                                                           const grpc_support::Rpc& rpc);

 private:
  struct PullUnderWay;
  struct Known {
    v1::Platform platform;
    absl::Time until = absl::InfinitePast();
  };

  absl::StatusOr<v1::Platform> PlatformOf(const std::string& platform);
  // OK if deliveries may be given out now.
  absl::Status MayLend(const std::string& platform);
  // Where the replica is that has the platform's lane; empty if that is this one. UNAVAILABLE LANE_NOT_READY
  // where there is none, or it cannot be reached from here.
  absl::StatusOr<std::string> OwnerOf(const std::string& platform);
  absl::Status BeginPull(const v1::PullRequest& request, const grpc_support::Rpc& rpc, PullUnderWay& pull);
  absl::StatusOr<std::optional<v1::PullResponse>> LookForPull(const grpc_support::Rpc& rpc,
                                                              PullUnderWay& pull);
  absl::Status ReportOthers(const std::string& platform,
                            const std::vector<const v1::DeliveryResult*>& results);

  const LaneContext& context_;
  LaneManager& manager_;
  LeaseStore& leases_;
  Mailboxes& mailboxes_;
  grpc_support::WaitingCalls& waiting_;
  ReplicaClient replicas_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::delivery
