// What a lane counts of its deliveries.
#pragma once

#include <string>

#include "common/metrics/metrics.h"
#include "common/metrics/standing.h"

namespace cognate::delivery {

struct LaneMetrics {
  LaneMetrics(const std::string& platform, metrics::Registry& registry)
      : applied(
            registry.Counters("delivery_applied_total", "Deliveries that a target has taken.", {"platform"})
                .With({platform})),
        attempts(
            registry
                .Counters("delivery_attempts_total", "Deliveries that were sent to a target.", {"platform"})
                .With({platform})),
        refused(registry
                    .Counters("delivery_refused_total",
                              "Deliveries that a target did not take, or that wait.", {"platform"})
                    .With({platform})),
        end_to_end(
            registry.Histograms("end_to_end_seconds", "From capture to the target's answer.", {"platform"})
                .With({platform})),
        batch_size(registry
                       .Histograms("delivery_batch_size", "Deliveries sent to a target at a time.",
                                   {"platform"}, metrics::SizeBuckets())
                       .With({platform})),
        duration(metrics::StageDuration(registry, "deliver")) {}
  metrics::Counter& applied;
  metrics::Counter& attempts;
  metrics::Counter& refused;
  metrics::Histogram& end_to_end;
  metrics::Histogram& batch_size;
  metrics::Histogram& duration;  // Of one batch, from its sending to its answers.
};

}  // namespace cognate::delivery
