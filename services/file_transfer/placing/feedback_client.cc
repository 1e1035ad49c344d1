#include "services/file_transfer/placing/feedback_client.h"

#include "cognate/v1/event_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "common/grpc/peer.h"

namespace cognate::file_transfer {
namespace {

// The loops that call try again by themselves.
const grpc_support::CallOptions kOnce = {.timeout = absl::Seconds(10)};

}  // namespace

struct FeedbackClient::Peers {
  explicit Peers(const std::string& address) : feedback(address), events(address) {}
  grpc_support::Peer<v1::FeedbackService> feedback;
  grpc_support::Peer<v1::EventService> events;
};

FeedbackClient::FeedbackClient(const std::string& address) : peers_(std::make_unique<Peers>(address)) {}
FeedbackClient::~FeedbackClient() = default;

absl::StatusOr<v1::ReleaseResponse> FeedbackClient::Release(const v1::ReleaseRequest& request) {
  return peers_->feedback.Call(&v1::FeedbackService::Stub::Release, request, kOnce);
}

absl::Status FeedbackClient::TellEvents(const v1::TellEventsRequest& request) {
  return peers_->events.Call(&v1::EventService::Stub::TellEvents, request, kOnce).status();
}

}  // namespace cognate::file_transfer
