// What the transformer tells and asks change_capture and feedback. Thread safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "cognate/v1/expansion_service.pb.h"
#include "cognate/v1/feedback_service.pb.h"
#include "cognate/v1/record.pb.h"

namespace cognate::transformer {

// Worth waiting for: the peer is away, stopping, or has too much to do.
bool IsPassing(const absl::Status& status);

class PeersClient {
 public:
  PeersClient(const std::string& change_capture, const std::string& feedback);
  ~PeersClient();

  // These batches need not be rebuilt.
  absl::Status AcknowledgeBatches(absl::Span<const int64_t> batch_ids);
  // NOT_FOUND if no change of the record was ever captured.
  absl::StatusOr<v1::Change> GetLatestChange(const v1::RecordKey& record);
  absl::StatusOr<v1::ListPreviousChangesResponse> ListPreviousChanges(
      const v1::ListPreviousChangesRequest& request);
  absl::StatusOr<v1::ListLatestChangesResponse> ListLatestChanges(
      const v1::ListLatestChangesRequest& request);
  // In the place of what the records' parts were.
  absl::Status CaptureParts(const v1::CapturePartsRequest& request);
  absl::Status Report(const v1::ReportRequest& request);

 private:
  struct Peers;
  const std::unique_ptr<Peers> peers_;
};

}  // namespace cognate::transformer
