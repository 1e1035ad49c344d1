#pragma once

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/metrics/metrics.h"
#include "common/postgres/pool.h"

namespace cognate::postgres {

// How busy a pool is: cognate_db_pool_connections{service,pool,state}, cognate_db_pool_connections_max and,
// as counters, waits for a free connection, connections opened and connections broken. `pool` outlives it,
// and `registry` both.
class PoolMetrics {
 public:
  PoolMetrics(const Pool& pool, metrics::Registry& registry, absl::string_view service,
              absl::string_view name = "main");

 private:
  void Refresh();

  const Pool& pool_;
  metrics::Gauge& busy_;
  metrics::Gauge& idle_;
  metrics::Gauge& max_;
  metrics::Counter& waits_;
  metrics::Counter& opened_;
  metrics::Counter& broken_;
  PoolStats counted_;
  std::unique_ptr<metrics::Registry::Refresher> refresher_;  // Last: it uses the others.
};

}  // namespace cognate::postgres
