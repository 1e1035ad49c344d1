#include "services/delivery/feedback_client.h"

#include "cognate/v1/feedback_service.grpc.pb.h"
#include "common/grpc/channel.h"

namespace cognate::delivery {
namespace {

// The loops that call try again by themselves.
grpc_support::CallOptions Once(grpc_support::Cancellation* cancellation) {
  return {.timeout = absl::Seconds(20), .cancellation = cancellation};
}

}  // namespace

struct FeedbackClient::Stub {
  std::unique_ptr<v1::FeedbackService::Stub> feedback;
};

FeedbackClient::FeedbackClient(const std::string& address)
    : stub_(std::make_unique<Stub>(Stub{v1::FeedbackService::NewStub(grpc_support::MakeChannel(address))})) {}
FeedbackClient::~FeedbackClient() = default;

absl::Status FeedbackClient::Report(const v1::ReportRequest& request,
                                    grpc_support::Cancellation* cancellation) {
  return grpc_support::Call(*stub_->feedback, &v1::FeedbackService::Stub::Report, request, Once(cancellation))
      .status();
}

absl::StatusOr<v1::RefillResponse> FeedbackClient::Refill(const v1::RefillRequest& request,
                                                          grpc_support::Cancellation* cancellation) {
  return grpc_support::Call(*stub_->feedback, &v1::FeedbackService::Stub::Refill, request,
                            Once(cancellation));
}

}  // namespace cognate::delivery
