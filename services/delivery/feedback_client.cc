#include "services/delivery/feedback_client.h"

#include "cognate/v1/feedback_service.grpc.pb.h"
#include "common/grpc/channel.h"

namespace cognate::delivery {

struct FeedbackClient::Stub {
  std::unique_ptr<v1::FeedbackService::Stub> feedback;
};

FeedbackClient::FeedbackClient(const std::string& address)
    : stub_(std::make_unique<Stub>(Stub{v1::FeedbackService::NewStub(grpc_support::MakeChannel(address))})) {}
FeedbackClient::~FeedbackClient() = default;

absl::Status FeedbackClient::Report(const v1::ReportRequest& request) {
  grpc_support::CallOptions options;
  options.timeout = absl::Seconds(20);
  return grpc_support::Call(*stub_->feedback, &v1::FeedbackService::Stub::Report, request, options).status();
}

absl::StatusOr<v1::RefillResponse> FeedbackClient::Refill(const v1::RefillRequest& request) {
  grpc_support::CallOptions options;
  options.timeout = absl::Seconds(20);
  return grpc_support::Call(*stub_->feedback, &v1::FeedbackService::Stub::Refill, request, options);
}

}  // namespace cognate::delivery
