#include "services/change_capture/transformer_client.h"

#include "cognate/v1/transformer_service.grpc.pb.h"
#include "common/grpc/peer.h"

namespace cognate::change_capture {

struct TransformerClient::Peer {
  explicit Peer(const std::string& address) : transformer(address) {}
  grpc_support::Peer<v1::TransformerService> transformer;
};

TransformerClient::TransformerClient(const std::string& address) : peer_(std::make_unique<Peer>(address)) {}
TransformerClient::~TransformerClient() = default;

absl::StatusOr<v1::CountLeavingResponse> TransformerClient::CountLeaving(
    const v1::CountLeavingRequest& request) {
  return peer_->transformer.Call(&v1::TransformerService::Stub::CountLeaving, request,
                                 {.timeout = absl::Minutes(1)});
}

}  // namespace cognate::change_capture
