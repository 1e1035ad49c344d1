// How lanes work; the same for all of a process.
#pragma once

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "common/bus/streams.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/redis/client.h"
#include "common/retry/backoff.h"
#include "services/clients/registry_client.h"
#include "services/delivery/channel.h"
#include "services/delivery/due_client.h"
#include "services/delivery/feedback_client.h"
#include "services/delivery/file_transfer_client.h"

namespace cognate::delivery {

struct LaneOptions {
  std::string stream_prefix = bus::kDefaultPrefix;
  int max_deliveries = 1'000;  // sent at a time
  absl::Duration refill_interval = absl::Seconds(1);
  // How much older than the lane's oldest entry a plan must be to be missing on the lane: longer than it
  // takes from Plan to lane.
  absl::Duration refill_grace = absl::Seconds(2);
  int refill_limit = 1'000;     // records asked for at a time
  int refill_low_batches = 16;  // a lane with more than these waits for no refill
  BackoffPolicy probe = {absl::Milliseconds(250), 2.0, absl::Seconds(5)};
  // How often an open lane looks whether its platform's connection was changed.
  absl::Duration platform_interval = absl::Seconds(5);
  // A call to a target that takes longer has hung: the lane is closed. Longer than the target's own limits
  // for a statement.
  absl::Duration call_timeout = absl::Seconds(75);  // longer than a webhook's longest timeout
  // A lane on which nothing has come for so long, and that has nothing to do, rests: it has no threads and no
  // connections. Infinite: never.
  absl::Duration rest_after = absl::Seconds(30);
  // A wait before the next probe that is as long as this is a rest.
  absl::Duration min_rest = absl::Seconds(1);
  size_t reference_cache_size = 64 << 10;
};

// Of one question about rules or platforms.
inline const grpc_support::CallOptions kRegistryCall = {.timeout = absl::Seconds(5)};

// What lanes share. Everything outlives them.
struct LaneContext {
  const Clock& clock;
  metrics::Registry& metrics;
  clients::RegistryClient& registry;
  FeedbackClient& feedback;
  DueClient& due;
  FileTransferClient& files;
  redis::Options redis;
  ChannelFactory channels;
  LaneOptions options;
};

}  // namespace cognate::delivery
