// Brings onto the lane what the ledger has due and the lane has not: overflow, what came while it was closed,
// what Redis lost.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/delivery/lane_options.h"
#include "services/delivery/lane_source.h"

namespace cognate::delivery {

// Of one lane; not thread safe.
class Refiller {
 public:
  Refiller(std::string platform, const LaneContext& context)
      : platform_(std::move(platform)), context_(context) {}

  // Deliveries have come by the lane.
  void Received(size_t deliveries) { received_ += deliveries; }
  // The next Run asks at once.
  void Now() {
    due_ = absl::InfinitePast();
    replayed_ = 0;
  }
  // Asks feedback for a refill if it is time: every interval, and sooner while there is more, the lane is low
  // and what was asked for has come.
  absl::Status Run(LaneSource& source, int64_t batches);

 private:
  const std::string platform_;
  const LaneContext& context_;
  absl::Time due_ = absl::InfinitePast();
  bool more_ = false;
  size_t received_ = 0;  // since the last refill
  size_t replayed_ = 0;  // by the last refill
};

}  // namespace cognate::delivery
