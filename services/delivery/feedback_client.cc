#include "services/delivery/feedback_client.h"

#include "cognate/v1/feedback_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

grpc_support::CallOptions Once() {
  grpc_support::CallOptions options;
  options.timeout = absl::Seconds(20);
  return options;
}

}  // namespace

void FeedbackCalls::Cancel() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  if (context_ != nullptr) context_->TryCancel();
}

void FeedbackCalls::Set(grpc::ClientContext* context) {
  MutexLock lock(&mutex_);
  context_ = context;
  // A call that was cancelled before it begins ends as soon as it does.
  if (context_ != nullptr && cancelled_) context_->TryCancel();
}

struct FeedbackClient::Stub {
  std::unique_ptr<v1::FeedbackService::Stub> feedback;
};

FeedbackClient::FeedbackClient(const std::string& address)
    : stub_(std::make_unique<Stub>(Stub{v1::FeedbackService::NewStub(grpc_support::MakeChannel(address))})) {}
FeedbackClient::~FeedbackClient() = default;

absl::Status FeedbackClient::Report(const v1::ReportRequest& request, FeedbackCalls* calls) {
  return grpc_support::CallWithRetry(Once(), [&](grpc::ClientContext& context) {
    v1::ReportResponse response;
    calls->Set(&context);
    grpc::Status status = stub_->feedback->Report(&context, request, &response);
    calls->Set(nullptr);
    return status;
  });
}

absl::StatusOr<v1::RefillResponse> FeedbackClient::Refill(const v1::RefillRequest& request,
                                                          FeedbackCalls* calls) {
  v1::RefillResponse response;
  RETURN_IF_ERROR(grpc_support::CallWithRetry(Once(), [&](grpc::ClientContext& context) {
    calls->Set(&context);
    grpc::Status status = stub_->feedback->Refill(&context, request, &response);
    calls->Set(nullptr);
    return status;
  }));
  return response;
}

}  // namespace cognate::delivery
