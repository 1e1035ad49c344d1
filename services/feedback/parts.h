#pragma once

#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/metrics/standing.h"
#include "common/retry/backoff.h"
#include "services/feedback/canaries.h"
#include "services/feedback/events/event_feed.h"
#include "services/feedback/events/event_store.h"
#include "services/feedback/events/history_store.h"
#include "services/feedback/events/sync_ways.h"
#include "services/feedback/outcome.h"
#include "services/feedback/peers_client.h"
#include "services/feedback/redrive_signal.h"
#include "services/feedback/retry_policies.h"
#include "services/feedback/trouble_store.h"
#include "services/feedback/waiting.h"

namespace cognate::feedback {

struct Metrics {
  Metrics(metrics::Registry& registry, const Clock& clock);

  metrics::Family<metrics::Counter> outcomes;   // {platform, status}
  metrics::Family<metrics::Histogram> latency;  // {platform}
  metrics::Family<metrics::Counter> replays;    // {cause}
  metrics::Family<metrics::Gauge> troubles;     // {platform, state}
  metrics::OldestPending oldest;                // stages retry, waiting, held
  metrics::Histogram& report_duration;
};

// What the handlers and loops of this service work with; the server owns all of it.
struct Parts {
  const Clock& clock;
  Random random;
  RetryPolicy policy;
  RetryPolicies& policies;
  int max_watchers;
  TroubleStore& troubles;
  EventStore& events;
  EventFeed& feed;
  Peers& peers;
  Waiting& waiting;
  RedriveSignal& signal;
  Metrics& metrics;
  HistoryStore& history;
  SyncWays& ways;
  Canaries& canaries;
};

}  // namespace cognate::feedback
