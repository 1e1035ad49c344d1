// What the parts of one platform's source share.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/metrics/standing.h"
#include "common/postgres/replication.h"
#include "common/retry/backoff.h"
#include "services/change_capture/change_source.h"
#include "services/change_capture/postgres_source/source_clock.h"
#include "services/change_capture/source_store.h"

namespace cognate::change_capture {

struct PostgresSourceOptions {
  // A group is cut at whichever comes first; a transaction that is larger is cut into several.
  size_t group_changes = 1000;
  int64_t group_bytes = 4 << 20;
  size_t groups_in_flight = 8;
  int64_t bytes_in_flight = 16 << 20;
  absl::Duration status_interval = absl::Seconds(5);  // to the source, and the lag
  absl::Duration idle_interval =
      absl::Seconds(10);  // how often the position is saved while nothing of ours happens
  absl::Duration inspect_interval = absl::Seconds(20);    // of tables with and without obstacles
  absl::Duration busy_interval = absl::Milliseconds(20);  // first wait for another process to be gone
  absl::Duration busy_patience = absl::Seconds(10);       // before it is called a failure
  BackoffPolicy backoff = {absl::Milliseconds(200), 2.0, absl::Seconds(15)};
};

struct PostgresSourceMetrics {
  metrics::Gauge& lag_bytes;
  metrics::Gauge& lag_seconds;
  metrics::Gauge& heartbeat;
  metrics::Counter& changes;
  metrics::Counter& skipped;
  metrics::Gauge& clock_offset;
  metrics::Counter& out_of_bounds;
  metrics::Counter& read_anew;
  metrics::Gauge& read_anew_time;  // when it was last; 0: not since the process began
  metrics::EntityHealth& health;
};

// Used by the source's own thread alone, but for what is said to be otherwise.
struct PostgresSourceContext {
  const std::string platform;
  const std::string slot;  // also the publication's name
  SourceEnvironment environment;
  SourceStore& store;
  PostgresSourceOptions options;
  PostgresSourceMetrics metrics;
  // Signalled by any thread when there is something to look at: an answer, another plan, the end.
  std::shared_ptr<postgres::Interrupt> interrupt;
  std::function<bool()> stopping;   // for good
  std::function<bool()> replanned;  // other tables, or another database

  // What a life of the source leaves to the next one.
  absl::flat_hash_set<std::string> retake_models;  // a snapshot is due, whatever the store says
  absl::flat_hash_set<std::pair<std::string, std::string>> seen_shapes;  // model and shape: looked into once
  bool start_over = false;  // the publication was not there all the time
  SourceClock clock;

  absl::Time Now() const { return environment.clock.Now(); }
  // Whoever asks is alive.
  bool Leaving() const {
    metrics.heartbeat.Set(absl::ToDoubleSeconds(Now() - absl::UnixEpoch()));
    return stopping() || replanned();
  }
};

}  // namespace cognate::change_capture
