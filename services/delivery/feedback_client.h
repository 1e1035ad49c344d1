// What delivery tells and asks feedback. Thread safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/grpc/cancellation.h"

namespace cognate::delivery {

class FeedbackClient {
 public:
  explicit FeedbackClient(const std::string& address);
  ~FeedbackClient();

  // Each call is made once; `cancellation` ends it.
  // OK: settled, or a trouble is committed.
  absl::Status Report(const v1::ReportRequest& request, grpc_support::Cancellation* cancellation);
  absl::StatusOr<v1::RefillResponse> Refill(const v1::RefillRequest& request,
                                            grpc_support::Cancellation* cancellation);

 private:
  struct Peer;
  const std::unique_ptr<Peer> peer_;
};

}  // namespace cognate::delivery
