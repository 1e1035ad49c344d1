#include "services/transformer/peers_client.h"

#include <utility>

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/retry/backoff.h"
#include "common/status/status_macros.h"

namespace cognate::transformer {

using grpc_support::Call;
using grpc_support::CallOptions;

bool IsPassing(const absl::Status& status) { return IsTransient(status) || absl::IsCancelled(status); }

struct PeersClient::Stubs {
  std::unique_ptr<v1::ChangeCaptureService::Stub> capture;
  std::unique_ptr<v1::FeedbackService::Stub> feedback;
};

PeersClient::PeersClient(const std::string& change_capture, const std::string& feedback)
    : stubs_(std::make_unique<Stubs>()) {
  stubs_->capture = v1::ChangeCaptureService::NewStub(grpc_support::MakeChannel(change_capture));
  stubs_->feedback = v1::FeedbackService::NewStub(grpc_support::MakeChannel(feedback));
}
PeersClient::~PeersClient() = default;

absl::Status PeersClient::AcknowledgeBatches(absl::Span<const int64_t> batch_ids) {
  v1::AcknowledgeBatchesRequest request;
  request.mutable_batch_ids()->Add(batch_ids.begin(), batch_ids.end());
  return Call(*stubs_->capture, &v1::ChangeCaptureService::Stub::AcknowledgeBatches, request, CallOptions())
      .status();
}

absl::StatusOr<v1::Change> PeersClient::GetLatestChange(const v1::RecordKey& record) {
  v1::GetLatestChangeRequest request;
  *request.mutable_record() = record;
  CallOptions options;
  options.idempotent = true;
  ASSIGN_OR_RETURN(
      v1::GetLatestChangeResponse response,
      Call(*stubs_->capture, &v1::ChangeCaptureService::Stub::GetLatestChange, request, options));
  return std::move(*response.mutable_change());
}

absl::Status PeersClient::Report(const v1::ReportRequest& request) {
  return Call(*stubs_->feedback, &v1::FeedbackService::Stub::Report, request, CallOptions()).status();
}

}  // namespace cognate::transformer
