// What file-transfer tells feedback. Thread safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/event_service.pb.h"
#include "cognate/v1/feedback_service.pb.h"

namespace cognate::file_transfer {

class FeedbackClient {
 public:
  explicit FeedbackClient(const std::string& address);
  ~FeedbackClient();

  absl::StatusOr<v1::ReleaseResponse> Release(const v1::ReleaseRequest& request);
  absl::Status TellEvents(const v1::TellEventsRequest& request);

 private:
  struct Peers;
  const std::unique_ptr<Peers> peers_;
};

}  // namespace cognate::file_transfer
