#include "services/transformer/peers_client.h"

#include <utility>

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "common/grpc/peer.h"
#include "common/retry/backoff.h"
#include "common/status/status_macros.h"

namespace cognate::transformer {

using grpc_support::CallOptions;

bool IsPassing(const absl::Status& status) { return IsTransient(status) || absl::IsCancelled(status); }

struct PeersClient::Peers {
  grpc_support::Peer<v1::ChangeCaptureService> capture;
  grpc_support::Peer<v1::FeedbackService> feedback;
};

PeersClient::PeersClient(const std::string& change_capture, const std::string& feedback)
    : peers_(new Peers{grpc_support::Peer<v1::ChangeCaptureService>(change_capture),
                       grpc_support::Peer<v1::FeedbackService>(feedback)}) {}
PeersClient::~PeersClient() = default;

absl::Status PeersClient::AcknowledgeBatches(absl::Span<const int64_t> batch_ids) {
  v1::AcknowledgeBatchesRequest request;
  request.mutable_batch_ids()->Add(batch_ids.begin(), batch_ids.end());
  return peers_->capture.Call(&v1::ChangeCaptureService::Stub::AcknowledgeBatches, request, CallOptions())
      .status();
}

absl::StatusOr<v1::Change> PeersClient::GetLatestChange(const v1::RecordKey& record) {
  v1::GetLatestChangeRequest request;
  *request.mutable_record() = record;
  CallOptions options;
  options.idempotent = true;
  ASSIGN_OR_RETURN(v1::GetLatestChangeResponse response,
                   peers_->capture.Call(&v1::ChangeCaptureService::Stub::GetLatestChange, request, options));
  return std::move(*response.mutable_change());
}

absl::Status PeersClient::Report(const v1::ReportRequest& request) {
  return peers_->feedback.Call(&v1::FeedbackService::Stub::Report, request, CallOptions()).status();
}

}  // namespace cognate::transformer
