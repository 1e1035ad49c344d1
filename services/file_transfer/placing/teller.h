// Tells what became of files: each while they are few, in sum while they are many.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cognate/v1/event_service.pb.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/sync/mutex.h"
#include "common/worker/stop_token.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// What is told may be lost with the process: the lists say how it stands. Thread safe.
class Teller {
 public:
  using Tell = std::function<absl::Status(const v1::TellEventsRequest&)>;
  using Totals = std::function<absl::StatusOr<PlacementTotals>(const std::string& platform)>;
  Teller(const Clock& clock, metrics::Registry& registry, Tell tell, Totals totals);

  // It is PLACED or REFUSED from now on.
  void Ended(const PlacementRow& placement);
  // Some of its bytes are on the target.
  void Moved(const PlacementRow& placement, int64_t placed_bytes);
  void Failed() { failed_.Increment(); }

  // Every second what has come together.
  void Run(StopToken& stop);

 private:
  struct Platform {
    std::vector<PlacementRow> ended;
    int64_t ended_count = 0;
    std::map<std::string, std::pair<PlacementRow, int64_t>> moving;  // by path
  };
  void Flush();
  v1::Event EventOf(v1::EventKind kind, const PlacementRow& placement, int64_t placed_bytes) const;

  const Clock& clock_;
  const Tell tell_;
  const Totals totals_;
  metrics::Counter& placed_;
  metrics::Counter& refused_;
  metrics::Counter& failed_;
  metrics::Counter& placed_bytes_;
  Mutex mutex_;
  std::map<std::string, Platform> platforms_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer
