#include "common/postgres/pool_metrics.h"

namespace cognate::postgres {
namespace {

metrics::Gauge& Connections(metrics::Registry& registry, absl::string_view service, absl::string_view name,
                            absl::string_view state) {
  return registry
      .Gauges("db_pool_connections", "Connections to the service's database, by what they do.",
              {"service", "pool", "state"})
      .With({service, name, state});
}

}  // namespace

PoolMetrics::PoolMetrics(const Pool& pool, metrics::Registry& registry, absl::string_view service,
                         absl::string_view name)
    : pool_(pool),
      busy_(Connections(registry, service, name, "busy")),
      idle_(Connections(registry, service, name, "idle")),
      max_(registry
               .Gauges("db_pool_connections_max", "Connections that the pool may have.", {"service", "pool"})
               .With({service, name})),
      waits_(
          registry.Counters("db_pool_waits_total", "Times that no connection was free.", {"service", "pool"})
              .With({service, name})),
      opened_(registry.Counters("db_pool_opened_total", "Connections that were opened.", {"service", "pool"})
                  .With({service, name})),
      broken_(registry.Counters("db_pool_broken_total", "Connections that broke.", {"service", "pool"})
                  .With({service, name})) {
  max_.Set(pool.options().max_connections);
  refresher_ = registry.OnScrape([this] { Refresh(); });
}

void PoolMetrics::Refresh() {
  const PoolStats stats = pool_.Stats();
  busy_.Set(stats.open - stats.idle);
  idle_.Set(stats.idle);
  waits_.Increment(static_cast<double>(stats.waited_total - counted_.waited_total));
  opened_.Increment(static_cast<double>(stats.opened_total - counted_.opened_total));
  broken_.Increment(static_cast<double>(stats.broken_total - counted_.broken_total));
  counted_ = stats;
}

}  // namespace cognate::postgres
