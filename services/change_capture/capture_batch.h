// From what a client sent to what goes into the log: checks every change against the platform's catalogue.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/change_capture/agent_clocks.h"
#include "services/change_capture/appender.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/change_log.h"

namespace cognate::change_capture {

inline constexpr int kMaxBatchChanges = 10'000;
inline constexpr size_t kMaxChangeIdBytes = 128;

using Changes = google::protobuf::RepeatedPtrField<v1::Change>;

// A batch of a client after the checks: what is right is in `changes`, what is wrong has its result already.
struct CheckedBatch {
  std::vector<CapturedChange> changes;
  std::vector<int32_t> places;             // of `changes` in the request
  std::vector<v1::CaptureResult> refused;  // in order
  std::vector<size_t> out_of_bounds;       // the changes whose source times were
};

class BatchChecker {
 public:
  BatchChecker(Catalogue& catalogue, ChangeLog& log, AgentClocks& clocks)
      : catalogue_(catalogue), log_(log), clocks_(clocks) {}

  // NOT_FOUND, FAILED_PRECONDITION or UNAVAILABLE when changes of this platform cannot be captured by calls.
  absl::Status CheckPlatform(absl::string_view platform) const;
  // An error is one of the whole batch. `sent` is what the client's clock showed when it sent them, null if
  // it does not say.
  absl::StatusOr<CheckedBatch> Check(absl::string_view platform, const Changes& changes,
                                     const google::protobuf::Timestamp* sent) const;

 private:
  Catalogue& catalogue_;
  ChangeLog& log_;
  AgentClocks& clocks_;
};

v1::CaptureResult RefusedResult(int index, absl::string_view change_id, const absl::Status& error);

}  // namespace cognate::change_capture
