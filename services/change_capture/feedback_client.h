// What change_capture tells feedback.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "cognate/v1/event_service.pb.h"

namespace cognate::change_capture {

// Answers feedback's own statuses. Thread safe.
class FeedbackClient {
 public:
  explicit FeedbackClient(const std::string& address);
  ~FeedbackClient();

  // Idempotent by the events' ids.
  absl::Status TellEvents(const v1::TellEventsRequest& request);

 private:
  struct Peer;
  const std::unique_ptr<Peer> peer_;
};

}  // namespace cognate::change_capture
