// Takes away plan batches of which nothing is due any more.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/health/progress_monitor.h"
#include "common/metrics/metrics.h"
#include "common/postgres/pool.h"
#include "common/worker/worker.h"

namespace cognate::platform_registry {

// Walks through all batches again and again, a bounded number of them each time. Several processes may do so
// at once. What is swept and what is not makes no difference to any answer.
class PlanSweep {
 public:
  PlanSweep(postgres::Pool& pool, absl::Duration interval, const Clock& clock, metrics::Registry& metrics);

  void Start();
  void Stop() { worker_.reset(); }
  absl::Status Healthy() const { return monitor_.Check(); }

  // One page of batches after the last one looked at; true if there are more. For the worker and for tests.
  absl::StatusOr<bool> SweepPage();
  // Ends the identities of deleted records whose platforms have not told of it for ten minutes.
  absl::Status EndAwaited();

 private:
  void SweepAll(StopToken& stop);

  postgres::Pool& pool_;
  const absl::Duration interval_;
  int64_t last_batch_ = 0;  // the worker's
  health::ProgressMonitor monitor_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::platform_registry
