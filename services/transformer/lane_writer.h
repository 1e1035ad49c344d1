// Puts deliveries on lanes, as far as these have room.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/redis/client.h"
#include "common/worker/stop_token.h"
#include "services/transformer/decide.h"

namespace cognate::transformer {

struct LaneWrite {
  std::string platform;
  int added = 0;      // deliveries
  int left_out = 0;   // deliveries: the lane is closed or full, and the ledger knows them
  bool full = false;  // rather than closed
};

using LaneStandings = std::vector<redis::Client::Standing>;  // entry for entry as the orders

// How the lanes stand. With a `hold` above zero it looks again until one of them has room or is closed: at
// the latest after `hold`, and earlier where none of them moves.
absl::StatusOr<LaneStandings> LookAtLanes(redis::Client& redis, const std::string& stream_prefix,
                                          int64_t max_batches, absl::Span<const LaneOrder> lanes,
                                          absl::Duration hold, StopToken& stop);

// One round trip. After an error some entries may have been added: adding them again does no harm. A lane
// that has room takes all of an order, so it can grow beyond `max_batches` by one order. Where Redis has no
// memory left all is left out: to wait for it would hold up the targets that are well.
absl::StatusOr<std::vector<LaneWrite>> WriteLanes(redis::Client& redis, const std::string& stream_prefix,
                                                  int64_t max_batches, absl::Span<const LaneOrder> lanes,
                                                  const LaneStandings& standings);

}  // namespace cognate::transformer
