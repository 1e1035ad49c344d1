// What the ledger and the configuration show of themselves: how old the oldest of what is due is on each
// platform, and whether syncs take changes.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/metrics/standing.h"
#include "common/postgres/pool.h"
#include "common/worker/worker.h"

namespace cognate::platform_registry {

// Looks every `interval`. Every process shows the same.
class LedgerGauges {
 public:
  LedgerGauges(postgres::Pool& pool, const Clock& clock, metrics::Registry& metrics,
               absl::Duration interval = absl::Seconds(5));

  void Start();
  void Stop() { worker_.reset(); }

 private:
  absl::Status Look();
  absl::Status LookAtPlans();
  absl::Status LookAtSyncs();

  postgres::Pool& pool_;
  metrics::Registry& metrics_;
  const absl::Duration interval_;
  metrics::OldestPending oldest_;
  std::map<std::string, std::unique_ptr<metrics::EntityHealth>> syncs_;  // The worker's.
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::platform_registry
