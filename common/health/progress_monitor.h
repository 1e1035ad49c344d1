#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"

namespace cognate::health {

// Health follows progress: a stage that has work before it and does not move is not ready, however alive its
// thread is. The stage says Progress() whenever a piece of work is done and SetBacklog() whenever it knows
// how much waits. Both are a few atomic stores. Shown as cognate_stage_backlog{stage} and
// cognate_stage_progress_timestamp_seconds{stage}.
//
//   monitor_("capture_append", environment.clock, environment.metrics)
//   environment.readiness.AddCheck("capture_append", [this] { return monitor_.Check(); });
class ProgressMonitor {
 public:
  // Known to whoever asks for readiness within half a minute.
  static constexpr absl::Duration kLimit = absl::Seconds(20);

  ProgressMonitor(absl::string_view stage, const Clock& clock, metrics::Registry& metrics,
                  absl::Duration limit = kLimit);

  void Progress();
  // What waits before the stage; 0 means that standing still is right. The time counts from when work first
  // came.
  void SetBacklog(int64_t count);

  // UNAVAILABLE "12 waiting, no progress for 45s (limit 30s)" if there is work and none has moved within
  // `limit`.
  absl::Status Check() const;
  const std::string& stage() const { return stage_; }

 private:
  const std::string stage_;
  const Clock& clock_;
  const absl::Duration limit_;
  metrics::OwnedGauge backlog_gauge_;
  metrics::OwnedGauge progress_gauge_;
  std::atomic<int64_t> backlog_{0};
  std::atomic<int64_t> moved_nanos_;  // Last progress, or when the backlog left zero.
};

}  // namespace cognate::health
