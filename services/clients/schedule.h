// When syncs with an interval deliver.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::clients {

// How often; zero: changes are delivered as they come.
absl::Duration IntervalOf(const v1::Sync& sync);

// The last moment up to `time` at which a sync with this interval delivers. Intervals are counted from 1970
// UTC, so that everybody knows these moments without asking, and 5 min are at :00, :05, :10.
absl::Time TurnOf(absl::Time time, absl::Duration interval);

// In words: "delivers what has changed every 5m, next at 2026-03-01 12:05:00 UTC".
std::string TurnWords(absl::Duration interval, absl::Time now);

}  // namespace cognate::clients
