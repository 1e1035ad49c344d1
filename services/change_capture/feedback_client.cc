#include "services/change_capture/feedback_client.h"

#include "cognate/v1/event_service.grpc.pb.h"
#include "common/grpc/peer.h"

namespace cognate::change_capture {

struct FeedbackClient::Peer {
  explicit Peer(const std::string& address) : feedback(address) {}
  grpc_support::Peer<v1::EventService> feedback;
};

FeedbackClient::FeedbackClient(const std::string& address) : peer_(std::make_unique<Peer>(address)) {}
FeedbackClient::~FeedbackClient() = default;

absl::Status FeedbackClient::TellEvents(const v1::TellEventsRequest& request) {
  return peer_->feedback
      .Call(&v1::EventService::Stub::TellEvents, request, {.timeout = absl::Seconds(10), .idempotent = true})
      .status();
}

}  // namespace cognate::change_capture
