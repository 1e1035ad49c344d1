// Runs a PostgresSource for each platform that is captured by replication and that a sync reads from.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/metrics/standing.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/change_capture/change_source.h"
#include "services/change_capture/postgres_source/postgres_source.h"
#include "services/change_capture/source_store.h"

namespace cognate::change_capture {

struct SourceManagerOptions {
  absl::Duration rules_interval = absl::Milliseconds(200);  // of looking at the rules' revision
  absl::Duration platforms_interval = absl::Seconds(2);     // of looking at the platforms
  PostgresSourceOptions source;
};

// Paused syncs count: their changes are captured, and a source that stood still would fill its server's disk.
// Thread safe.
class SourceManager final : public ChangeSource {
 public:
  explicit SourceManager(const SourceEnvironment& environment, SourceManagerOptions options = {});
  ~SourceManager() override;

  void Start() override;
  void Stop() override;
  absl::StatusOr<std::vector<v1::Source>> List(absl::string_view platform) override;
  absl::StatusOr<SnapshotProgress> Snapshot(absl::string_view platform, absl::string_view model) override;

 private:
  using Plans = std::map<std::string, SourcePlan>;

  void Run(StopToken& stop);
  void Look();
  // What the rules ask for; UNAVAILABLE while a platform is not known.
  absl::StatusOr<Plans> WantedPlans();
  void Adopt(const Plans& wanted);
  void RetireUnwanted(const Plans& wanted);
  void ForgetAgents();
  void RetireLeftover(const std::string& platform);
  void AddSource(const std::string& platform, SourcePlan plan);

  // Of one source, as long as it is ours.
  struct Shown {
    Shown(metrics::Registry& metrics, const std::string& platform);
    metrics::OwnedGauge lag_bytes;
    metrics::OwnedGauge lag_seconds;
    metrics::OwnedGauge heartbeat;
    metrics::OwnedGauge clock_offset;
    metrics::OwnedGauge read_anew_time;
    metrics::EntityHealth health;
  };

  const SourceEnvironment environment_;
  const SourceManagerOptions options_;
  SourceStore store_;
  metrics::Family<metrics::Counter> changes_;
  metrics::Family<metrics::Counter> skipped_;
  metrics::Family<metrics::Counter> out_of_bounds_;
  metrics::Family<metrics::Counter> read_anew_;
  std::map<std::string, std::unique_ptr<Shown>> shown_;  // the worker's alone; outlive their sources
  std::map<std::string, std::unique_ptr<PostgresSource>> sources_;  // the worker's alone
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::change_capture
