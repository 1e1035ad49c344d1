#pragma once

#include <map>
#include <set>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include "absl/strings/string_view.h"
#include "common/sync/mutex.h"

namespace cognate::metrics {

// Which names that people chose get series of their own: the first so many of each label, until the process
// ends. A platform beyond the bound cannot ring. Thread safe.
class NameBounds {
 public:
  // The label `name` has room for so many times more: platforms, sources and syncs share it.
  static constexpr size_t kKindsOfName = 4;
  static constexpr absl::string_view kOther = "other";

  NameBounds(prometheus::Registry& registry, int max_names)
      : max_names_(static_cast<size_t>(max_names)),
        refused_(prometheus::BuildCounter()
                     .Name("cognate_metrics_names_refused_total")
                     .Help("Times that a name beyond the bound of a label had no series of its own.")
                     .Register(registry)) {}

  // What to show for `value`: itself, or kOther.
  absl::string_view Shown(absl::string_view label, absl::string_view value);
  // For gauges that are not shown.
  prometheus::Gauge& hidden_gauge() { return hidden_gauge_; }

 private:
  const size_t max_names_;
  prometheus::Family<prometheus::Counter>& refused_;
  prometheus::Gauge hidden_gauge_;
  Mutex mutex_;
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> names_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::metrics
