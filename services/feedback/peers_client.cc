#include "services/feedback/peers_client.h"

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "cognate/v1/transformer_service.grpc.pb.h"
#include "common/grpc/channel.h"
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

struct Peers::Stubs {
  explicit Stubs(const config::Peers& addresses)
      : change_capture(
            v1::ChangeCaptureService::NewStub(grpc_support::MakeChannel(addresses.change_capture))),
        transformer(v1::TransformerService::NewStub(grpc_support::MakeChannel(addresses.transformer))),
        delivery(v1::DeliveryService::NewStub(grpc_support::MakeChannel(addresses.delivery))) {}

  std::unique_ptr<v1::ChangeCaptureService::Stub> change_capture;
  std::unique_ptr<v1::TransformerService::Stub> transformer;
  std::unique_ptr<v1::DeliveryService::Stub> delivery;
};

Peers::Peers(const config::Peers& addresses)
    : registry_(addresses.registry), stubs_(std::make_unique<Stubs>(addresses)) {}
Peers::~Peers() = default;

absl::StatusOr<v1::ReplayResponse> Peers::Replay(const v1::ReplayRequest& request,
                                                 const CallContext& context) {
  return grpc_support::Call(*stubs_->change_capture, &v1::ChangeCaptureService::Stub::Replay, request,
                            context);
}

absl::StatusOr<v1::Change> Peers::GetLatestChange(const v1::RecordKey& record, const CallContext& context) {
  v1::GetLatestChangeRequest request;
  *request.mutable_record() = record;
  ASSIGN_OR_RETURN(v1::GetLatestChangeResponse response,
                   grpc_support::Call(*stubs_->change_capture,
                                      &v1::ChangeCaptureService::Stub::GetLatestChange, request, context));
  return std::move(*response.mutable_change());
}

absl::StatusOr<v1::ListSourcesResponse> Peers::ListSources(const std::string& platform,
                                                           const CallContext& context) {
  v1::ListSourcesRequest request;
  request.set_platform(platform);
  return grpc_support::Call(*stubs_->change_capture, &v1::ChangeCaptureService::Stub::ListSources, request,
                            context);
}

absl::StatusOr<v1::PreviewResponse> Peers::Preview(const v1::PreviewRequest& request,
                                                   const CallContext& context) {
  return grpc_support::Call(*stubs_->transformer, &v1::TransformerService::Stub::Preview, request, context);
}

absl::StatusOr<v1::ListLanesResponse> Peers::ListLanes(const std::string& platform,
                                                       const CallContext& context) {
  v1::ListLanesRequest request;
  request.set_platform(platform);
  return grpc_support::Call(*stubs_->delivery, &v1::DeliveryService::Stub::ListLanes, request, context);
}

}  // namespace cognate::feedback
