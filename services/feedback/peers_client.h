#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "cognate/v1/delivery_service.pb.h"
#include "cognate/v1/transformer_service.pb.h"
#include "common/config/groups.h"
#include "common/grpc/call_options.h"
#include "common/grpc/rpc.h"
#include "services/clients/registry_client.h"

namespace cognate::feedback {

// On whose behalf a call is made.
struct CallContext {
  absl::Time deadline = absl::InfiniteFuture();
  std::string request_id;
  absl::Duration timeout = absl::Seconds(10);  // Over all attempts.
  int max_attempts = 4;                        // While the peer is unavailable.

  operator grpc_support::CallOptions() const;  // NOLINT(google-explicit-constructor)
  static CallContext Of(const grpc_support::Rpc& rpc) { return {rpc.deadline(), rpc.request_id()}; }
};

// The other services: the registry, and one method for each call that feedback makes to the rest. All of them
// may be made twice. Thread safe.
class Peers {
 public:
  explicit Peers(const config::Peers& addresses);
  ~Peers();

  clients::RegistryClient& registry() { return registry_; }

  absl::StatusOr<v1::ReplayResponse> Replay(const v1::ReplayRequest& request, const CallContext& context);
  absl::StatusOr<v1::Change> GetLatestChange(const v1::RecordKey& record, const CallContext& context);
  absl::StatusOr<v1::ListSourcesResponse> ListSources(const std::string& platform,
                                                      const CallContext& context);

  absl::StatusOr<v1::PreviewResponse> Preview(const v1::PreviewRequest& request, const CallContext& context);
  absl::StatusOr<v1::ListLanesResponse> ListLanes(const std::string& platform, const CallContext& context);

 private:
  struct Others;
  clients::RegistryClient registry_;
  const std::unique_ptr<Others> others_;
};

}  // namespace cognate::feedback
