#include "services/feedback/peers_client.h"

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "cognate/v1/transformer_service.grpc.pb.h"
#include "common/grpc/peer.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {

CallContext::operator grpc_support::CallOptions() const {
  grpc_support::CallOptions options;
  options.timeout = timeout;
  options.deadline = deadline;
  options.request_id = request_id;
  options.idempotent = true;
  options.max_attempts = max_attempts;
  return options;
}

struct Peers::Others {
  explicit Others(const config::Peers& addresses)
      : change_capture(addresses.change_capture),
        transformer(addresses.transformer),
        delivery(addresses.delivery) {}

  grpc_support::Peer<v1::ChangeCaptureService> change_capture;
  grpc_support::Peer<v1::TransformerService> transformer;
  grpc_support::Peer<v1::DeliveryService> delivery;
};

Peers::Peers(const config::Peers& addresses)
    : registry_(addresses.registry), others_(std::make_unique<Others>(addresses)) {}
Peers::~Peers() = default;

absl::StatusOr<v1::ReplayResponse> Peers::Replay(const v1::ReplayRequest& request,
                                                 const CallContext& context) {
  return others_->change_capture.Call(&v1::ChangeCaptureService::Stub::Replay, request, context);
}

absl::StatusOr<v1::Change> Peers::GetLatestChange(const v1::RecordKey& record, const CallContext& context) {
  v1::GetLatestChangeRequest request;
  *request.mutable_record() = record;
  ASSIGN_OR_RETURN(
      v1::GetLatestChangeResponse response,
      others_->change_capture.Call(&v1::ChangeCaptureService::Stub::GetLatestChange, request, context));
  return std::move(*response.mutable_change());
}

absl::StatusOr<v1::ListSourcesResponse> Peers::ListSources(const std::string& platform,
                                                           const CallContext& context) {
  v1::ListSourcesRequest request;
  request.set_platform(platform);
  return others_->change_capture.Call(&v1::ChangeCaptureService::Stub::ListSources, request, context);
}

absl::StatusOr<v1::PreviewResponse> Peers::Preview(const v1::PreviewRequest& request,
                                                   const CallContext& context) {
  return others_->transformer.Call(&v1::TransformerService::Stub::Preview, request, context);
}

absl::StatusOr<v1::ListLanesResponse> Peers::ListLanes(const std::string& platform,
                                                       const CallContext& context) {
  v1::ListLanesRequest request;
  request.set_platform(platform);
  return others_->delivery.Call(&v1::DeliveryService::Stub::ListLanes, request, context);
}

}  // namespace cognate::feedback
