// The clocks of platforms whose agents send their changes, by what they say in their requests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/postgres/pool.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/change_capture/captured_change.h"
#include "services/change_capture/clock_offset.h"
#include "services/change_capture/source_store.h"

namespace cognate::change_capture {

// Of sources of every kind.
metrics::Family<metrics::Gauge> ClockOffsets(metrics::Registry& metrics);
metrics::Family<metrics::Counter> StampsOutOfBounds(metrics::Registry& metrics);

// Thread safe. A platform is taken to have one clock; where it has several, see OneWayOffset::kLongestWay.
// What is to be shown of them is written behind the captures, which never wait for it.
class AgentClocks {
 public:
  AgentClocks(postgres::Pool& pool, const Clock& clock, metrics::Registry& metrics);

  void Start();
  void Stop();

  absl::Time Now() const { return clock_.Now(); }

  // Puts the source times of one request's changes right. `sent` is what the client's clock showed when it
  // sent them, null if it does not say. All of them are corrected alike, so none goes past another. Gives the
  // places of those whose times were out of bounds.
  std::vector<size_t> Correct(absl::string_view platform, const google::protobuf::Timestamp* sent,
                              absl::Time received, std::vector<CapturedChange>& changes);

 private:
  struct State {
    OneWayOffset offset;
    ClockReport report;     // what is not told yet
    bool has_said = false;  // its time, since the last report
  };

  // Tells of all that have said something.
  void Tell();
  void Tell(const std::string& platform, ClockReport report);

  SourceStore store_;
  const Clock& clock_;
  metrics::Family<metrics::Gauge> offsets_;
  metrics::Family<metrics::Counter> out_of_bounds_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, State> states_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::change_capture
