#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "cognate/v1/delivery_service.pb.h"
#include "cognate/v1/ledger_service.pb.h"
#include "cognate/v1/sync.pb.h"
#include "cognate/v1/transformer_service.pb.h"
#include "common/config/groups.h"
#include "common/grpc/rpc.h"

namespace cognate::feedback {

// On whose behalf a call is made.
struct CallContext {
  absl::Time deadline = absl::InfiniteFuture();
  std::string request_id;
  absl::Duration timeout = absl::Seconds(10);  // Over all attempts.
  int max_attempts = 4;                        // While the peer is unavailable.

  static CallContext Of(const grpc_support::Rpc& rpc) { return {rpc.deadline(), rpc.request_id()}; }
};

// The other services, one method for each call that feedback makes. All of them may be made twice. Thread
// safe.
class Peers {
 public:
  explicit Peers(const config::Peers& addresses);
  ~Peers();

  absl::StatusOr<v1::SettleResponse> Settle(const v1::SettleRequest& request, const CallContext& context);
  absl::StatusOr<v1::ResolveResponse> Resolve(const v1::ResolveRequest& request, const CallContext& context);
  absl::StatusOr<v1::ListPendingResponse> ListPending(const v1::ListPendingRequest& request,
                                                      const CallContext& context);
  absl::StatusOr<v1::GetReplicasResponse> GetReplicas(const v1::RecordKey& record,
                                                      const CallContext& context);
  absl::StatusOr<v1::CountReplicasResponse> CountReplicas(const std::string& sync,
                                                          const CallContext& context);
  // Every page.
  absl::StatusOr<std::vector<v1::Sync>> ListSyncs(const CallContext& context);

  absl::StatusOr<v1::ReplayResponse> Replay(const v1::ReplayRequest& request, const CallContext& context);
  absl::StatusOr<v1::Change> GetLatestChange(const v1::RecordKey& record, const CallContext& context);
  absl::StatusOr<v1::ListSourcesResponse> ListSources(const std::string& platform,
                                                      const CallContext& context);

  absl::StatusOr<v1::PreviewResponse> Preview(const v1::PreviewRequest& request, const CallContext& context);
  absl::StatusOr<v1::ListLanesResponse> ListLanes(const std::string& platform, const CallContext& context);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace cognate::feedback
