// What is left of a lane that has nothing to do: what it remembers, and what it waits for.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "cognate/v1/lane.pb.h"
#include "cognate/v1/platform.pb.h"
#include "common/retry/backoff.h"

namespace cognate::delivery {

// Why a lane works again.
enum class WakeCause {
  kTime,   // the rest was over
  kEntry,  // something is on its stream
  kAsked,  // an agent asks, its platform was changed, or the ledger has something due
};

// What a lane knows from one spell of work to the next. Of its loop while there is one.
struct LaneMemory {
  explicit LaneMemory(const BackoffPolicy& probe) : probe_backoff(probe) {}

  Backoff probe_backoff;
  bool down_said = false;
  absl::Time held_off_until = absl::InfinitePast();  // as the target asked
  std::string held_off_etag;
  absl::Time next_probe = absl::InfinitePast();  // not before, unless it is asked for
};

// A lane that rests waits for the first of these: an entry on its stream, that its platform is changed, that
// it is to be paused or no longer, that the ledger has something due, and this time.
struct Rest {
  absl::Time until = absl::InfiniteFuture();
  bool by_entries = true;  // false where something may be left on the stream that cannot be sent yet
  v1::LaneState state = v1::LANE_STATE_UNSPECIFIED;
  std::string why;      // it is closed or paused
  std::string etag;     // of the platform as the lane has seen it; empty where it has not
  v1::Platform pauses;  // its lock and its windows alone
};

}  // namespace cognate::delivery
