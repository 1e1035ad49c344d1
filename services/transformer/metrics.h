// What the transformer tells Prometheus.
#pragma once

#include "common/metrics/metrics.h"
#include "common/metrics/standing.h"

namespace cognate::transformer {

struct Metrics {
  explicit Metrics(metrics::Registry& registry)
      : deliveries(registry.Counters("transformer_deliveries_total",
                                     "Changes rendered for a target, by what became of them",
                                     {"platform", "result"})),
        due(registry.Counters("transformer_planned_total", "Planned versions by decision", {"decision"})),
        changes(registry.Counters("transformer_changes_total", "Changes read from the stream")),
        echoes(
            registry.Counters("transformer_echoes_total", "Changes that were what a delivery had written")),
        expansions(registry.Counters("transformer_expansions_total",
                                     "Records of which parts were made, by what became of them",
                                     {"platform", "model", "result"})),
        given_up(registry.Counters("transformer_given_up_total", "Changes that cannot be processed")),
        round_seconds(metrics::StageDuration(registry, "transform")),
        round_changes(registry.Histograms("transformer_round_changes", "Changes read together", {},
                                          metrics::SizeBuckets())) {}

  metrics::Family<metrics::Counter> deliveries;
  metrics::Family<metrics::Counter> due;
  metrics::Family<metrics::Counter> changes;
  metrics::Family<metrics::Counter> echoes;
  metrics::Family<metrics::Counter> expansions;
  metrics::Family<metrics::Counter> given_up;
  metrics::Histogram& round_seconds;  // From reading changes to acknowledging them.
  metrics::Family<metrics::Histogram> round_changes;
};

}  // namespace cognate::transformer
