#include "services/feedback/peers_client.h"

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "cognate/v1/transformer_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

grpc_support::CallOptions Options(const CallContext& context) {
  grpc_support::CallOptions options;
  options.timeout = context.timeout;
  options.deadline = context.deadline;
  options.request_id = context.request_id;
  options.idempotent = true;
  options.max_attempts = context.max_attempts;
  return options;
}

}  // namespace

struct Peers::Stubs {
  explicit Stubs(const config::Peers& addresses)
      : registry_channel(grpc_support::MakeChannel(addresses.registry)),
        ledger(v1::LedgerService::NewStub(registry_channel)),
        registry(v1::PlatformRegistryService::NewStub(registry_channel)),
        change_capture(
            v1::ChangeCaptureService::NewStub(grpc_support::MakeChannel(addresses.change_capture))),
        transformer(v1::TransformerService::NewStub(grpc_support::MakeChannel(addresses.transformer))),
        delivery(v1::DeliveryService::NewStub(grpc_support::MakeChannel(addresses.delivery))) {}

  std::shared_ptr<grpc::Channel> registry_channel;
  std::unique_ptr<v1::LedgerService::Stub> ledger;
  std::unique_ptr<v1::PlatformRegistryService::Stub> registry;
  std::unique_ptr<v1::ChangeCaptureService::Stub> change_capture;
  std::unique_ptr<v1::TransformerService::Stub> transformer;
  std::unique_ptr<v1::DeliveryService::Stub> delivery;
};

Peers::Peers(const config::Peers& addresses) : stubs_(std::make_unique<Stubs>(addresses)) {}
Peers::~Peers() = default;

absl::StatusOr<v1::SettleResponse> Peers::Settle(const v1::SettleRequest& request,
                                                 const CallContext& context) {
  return grpc_support::Call(*stubs_->ledger, &v1::LedgerService::Stub::Settle, request, Options(context));
}

absl::StatusOr<v1::ResolveResponse> Peers::Resolve(const v1::ResolveRequest& request,
                                                   const CallContext& context) {
  return grpc_support::Call(*stubs_->ledger, &v1::LedgerService::Stub::Resolve, request, Options(context));
}

absl::StatusOr<v1::ListPendingResponse> Peers::ListPending(const v1::ListPendingRequest& request,
                                                           const CallContext& context) {
  return grpc_support::Call(*stubs_->ledger, &v1::LedgerService::Stub::ListPending, request,
                            Options(context));
}

absl::StatusOr<v1::GetReplicasResponse> Peers::GetReplicas(const v1::RecordKey& record,
                                                           const CallContext& context) {
  v1::GetReplicasRequest request;
  *request.mutable_record() = record;
  return grpc_support::Call(*stubs_->ledger, &v1::LedgerService::Stub::GetReplicas, request,
                            Options(context));
}

absl::StatusOr<v1::CountReplicasResponse> Peers::CountReplicas(const std::string& sync,
                                                               const CallContext& context) {
  v1::CountReplicasRequest request;
  request.set_sync(sync);
  return grpc_support::Call(*stubs_->ledger, &v1::LedgerService::Stub::CountReplicas, request,
                            Options(context));
}

absl::StatusOr<std::vector<v1::Sync>> Peers::ListSyncs(const CallContext& context) {
  std::vector<v1::Sync> syncs;
  v1::ListSyncsRequest request;
  request.set_page_size(1000);
  do {
    ASSIGN_OR_RETURN(v1::ListSyncsResponse page,
                     grpc_support::Call(*stubs_->registry, &v1::PlatformRegistryService::Stub::ListSyncs,
                                        request, Options(context)));
    for (v1::Sync& sync : *page.mutable_syncs()) syncs.push_back(std::move(sync));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return syncs;
}

absl::StatusOr<v1::ReplayResponse> Peers::Replay(const v1::ReplayRequest& request,
                                                 const CallContext& context) {
  return grpc_support::Call(*stubs_->change_capture, &v1::ChangeCaptureService::Stub::Replay, request,
                            Options(context));
}

absl::StatusOr<v1::Change> Peers::GetLatestChange(const v1::RecordKey& record, const CallContext& context) {
  v1::GetLatestChangeRequest request;
  *request.mutable_record() = record;
  ASSIGN_OR_RETURN(
      v1::GetLatestChangeResponse response,
      grpc_support::Call(*stubs_->change_capture, &v1::ChangeCaptureService::Stub::GetLatestChange, request,
                         Options(context)));
  return std::move(*response.mutable_change());
}

absl::StatusOr<v1::ListSourcesResponse> Peers::ListSources(const std::string& platform,
                                                           const CallContext& context) {
  v1::ListSourcesRequest request;
  request.set_platform(platform);
  return grpc_support::Call(*stubs_->change_capture, &v1::ChangeCaptureService::Stub::ListSources, request,
                            Options(context));
}

absl::StatusOr<v1::PreviewResponse> Peers::Preview(const v1::PreviewRequest& request,
                                                   const CallContext& context) {
  return grpc_support::Call(*stubs_->transformer, &v1::TransformerService::Stub::Preview, request,
                            Options(context));
}

absl::StatusOr<v1::ListLanesResponse> Peers::ListLanes(const std::string& platform,
                                                       const CallContext& context) {
  v1::ListLanesRequest request;
  request.set_platform(platform);
  return grpc_support::Call(*stubs_->delivery, &v1::DeliveryService::Stub::ListLanes, request,
                            Options(context));
}

}  // namespace cognate::feedback
