#include "services/delivery/due_client.h"

#include "cognate/v1/due_service.grpc.pb.h"
#include "common/clock/time_proto.h"
#include "common/grpc/peer.h"
#include "common/status/status_macros.h"

namespace cognate::delivery {

struct DueClient::Peer {
  explicit Peer(const std::string& address) : due(address) {}
  grpc_support::Peer<v1::DueService> due;
};

DueClient::DueClient(const std::string& address) : peer_(std::make_unique<Peer>(address)) {}
DueClient::~DueClient() = default;

absl::StatusOr<std::vector<std::string>> DueClient::ListDuePlatforms(
    absl::Span<const std::string> platforms, absl::Time planned_before,
    grpc_support::Cancellation* cancellation) {
  v1::ListDuePlatformsRequest request;
  for (const std::string& platform : platforms) request.add_platforms(platform);
  *request.mutable_planned_before() = ToTimestamp(planned_before);
  ASSIGN_OR_RETURN(const v1::ListDuePlatformsResponse response,
                   peer_->due.Call(&v1::DueService::Stub::ListDuePlatforms, request,
                                   {.timeout = absl::Seconds(10), .cancellation = cancellation}));
  return std::vector<std::string>(response.platforms().begin(), response.platforms().end());
}

}  // namespace cognate::delivery
