#include "services/delivery/feedback_client.h"

#include "cognate/v1/feedback_service.grpc.pb.h"
#include "common/grpc/peer.h"

namespace cognate::delivery {
namespace {

// The loops that call try again by themselves.
grpc_support::CallOptions Once(grpc_support::Cancellation* cancellation) {
  return {.timeout = absl::Seconds(20), .cancellation = cancellation};
}

}  // namespace

struct FeedbackClient::Peer {
  grpc_support::Peer<v1::FeedbackService> feedback;
};

FeedbackClient::FeedbackClient(const std::string& address)
    : peer_(new Peer{grpc_support::Peer<v1::FeedbackService>(address)}) {}
FeedbackClient::~FeedbackClient() = default;

absl::Status FeedbackClient::Report(const v1::ReportRequest& request,
                                    grpc_support::Cancellation* cancellation) {
  return peer_->feedback.Call(&v1::FeedbackService::Stub::Report, request, Once(cancellation)).status();
}

absl::StatusOr<v1::RefillResponse> FeedbackClient::Refill(const v1::RefillRequest& request,
                                                          grpc_support::Cancellation* cancellation) {
  return peer_->feedback.Call(&v1::FeedbackService::Stub::Refill, request, Once(cancellation));
}

}  // namespace cognate::delivery
