#include "services/transformer/peers_client.h"

#include <algorithm>
#include <utility>

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/expansion_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "common/grpc/peer.h"
#include "common/retry/backoff.h"
#include "common/status/status_macros.h"

namespace cognate::transformer {

using grpc_support::CallOptions;

namespace {

constexpr int kMaxRecords = 10'000;  // in one request

}  // namespace

bool IsPassing(const absl::Status& status) { return IsTransient(status) || absl::IsCancelled(status); }

struct PeersClient::Peers {
  grpc_support::Peer<v1::ChangeCaptureService> capture;
  grpc_support::Peer<v1::ExpansionService> expansions;
  grpc_support::Peer<v1::FeedbackService> feedback;
};

PeersClient::PeersClient(const std::string& change_capture, const std::string& feedback)
    : peers_(new Peers{grpc_support::Peer<v1::ChangeCaptureService>(change_capture),
                       grpc_support::Peer<v1::ExpansionService>(change_capture),
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

absl::StatusOr<v1::ListPreviousChangesResponse> PeersClient::ListPreviousChanges(
    const v1::ListPreviousChangesRequest& request) {
  CallOptions options;
  options.idempotent = true;
  v1::ListPreviousChangesResponse all;
  for (int begin = 0; begin < request.records_size(); begin += kMaxRecords) {
    v1::ListPreviousChangesRequest slice;
    for (int i = begin; i < std::min(begin + kMaxRecords, request.records_size()); ++i)
      *slice.add_records() = request.records(i);
    ASSIGN_OR_RETURN(
        v1::ListPreviousChangesResponse response,
        peers_->capture.Call(&v1::ChangeCaptureService::Stub::ListPreviousChanges, slice, options));
    for (v1::Change& change : *response.mutable_changes()) all.add_changes()->Swap(&change);
  }
  return all;
}

absl::StatusOr<v1::ListLatestChangesResponse> PeersClient::ListLatestChanges(
    const v1::ListLatestChangesRequest& request) {
  CallOptions options;
  options.idempotent = true;
  return peers_->capture.Call(&v1::ChangeCaptureService::Stub::ListLatestChanges, request, options);
}

absl::Status PeersClient::CaptureParts(const v1::CapturePartsRequest& request) {
  return peers_->expansions.Call(&v1::ExpansionService::Stub::CaptureParts, request, CallOptions()).status();
}

absl::Status PeersClient::Report(const v1::ReportRequest& request) {
  return peers_->feedback.Call(&v1::FeedbackService::Stub::Report, request, CallOptions()).status();
}

}  // namespace cognate::transformer
