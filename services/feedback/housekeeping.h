#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "common/worker/stop_token.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// Deletes events that are older than the retention, rolls up what was counted, gives up what has been HELD
// for longer than its platform wants, keeps the gauges of troubles,
// and reads which pairs of platforms have a canary.
class Housekeeping {
 public:
  Housekeeping(const Parts& parts, absl::Duration retention) : parts_(parts), retention_(retention) {}

  void Run(StopToken& stop);
  // One turn.
  absl::Status TidyUp();

 private:
  absl::Status ExpireHeld(const std::string& platform, absl::Time now);
  absl::Status CountTroubles();
  void ShowOldest(const std::vector<TroubleCount>& counts);

  const Parts& parts_;
  const absl::Duration retention_;
  absl::flat_hash_map<std::pair<std::string, int>, int64_t> counted_;  // What the gauges show.
};

}  // namespace cognate::feedback
