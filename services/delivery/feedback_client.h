// What delivery tells and asks feedback. Thread safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/sync/mutex.h"

namespace grpc {
class ClientContext;
}  // namespace grpc

namespace cognate::delivery {

// Lets another thread end the calls of one thread.
class FeedbackCalls {
 public:
  // Final: the call under way and each later one answers CANCELLED.
  void Cancel();

 private:
  friend class FeedbackClient;
  // While a call is under way; null after it.
  void Set(grpc::ClientContext* context);

  Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

class FeedbackClient {
 public:
  explicit FeedbackClient(const std::string& address);
  ~FeedbackClient();

  // OK: settled, or a trouble is committed.
  absl::Status Report(const v1::ReportRequest& request, FeedbackCalls* calls);
  absl::StatusOr<v1::RefillResponse> Refill(const v1::RefillRequest& request, FeedbackCalls* calls);

 private:
  struct Stub;
  std::unique_ptr<Stub> stub_;
};

}  // namespace cognate::delivery
