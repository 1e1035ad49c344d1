#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "absl/strings/string_view.h"

// What a process tells Prometheus. Names get the prefix `cognate_`, are in base units (`_seconds`, `_bytes`,
// `_total`) and have labels with few values: never an id, a name that a user chose (but for platforms) or a
// message.
namespace cognate::metrics {

using Counter = prometheus::Counter;      // Increment(by = 1)
using Gauge = prometheus::Gauge;          // Set, Increment, Decrement, SetToCurrentTime
using Histogram = prometheus::Histogram;  // Observe
using Buckets = std::vector<double>;

// 500 µs … 60 s: for everything from an RPC to a delivery.
const Buckets& DurationBuckets();
// 1 … 10,000: for sizes of batches.
const Buckets& SizeBuckets();

// One metric with its label names; With() gives the child for these label values. A child lives as long as
// the Registry, so hot paths ask once and keep the reference: bumping it is one atomic operation.
template <typename Metric>
class Family {
 public:
  // `values` in the order of the label names. The wrong number of values ends the process: it is a mistake in
  // the code.
  Metric& With(std::initializer_list<absl::string_view> values = {});
  // Forgets one child, such as that of a platform that is gone. References to it are dangling after this.
  void Remove(Metric& child) { family_->Remove(&child); }

 private:
  friend class Registry;
  Family(prometheus::Family<Metric>* family, std::vector<std::string> labels, Buckets buckets)
      : family_(family), labels_(std::move(labels)), buckets_(std::move(buckets)) {}

  prometheus::Family<Metric>* family_;  // The Registry's.
  std::vector<std::string> labels_;
  Buckets buckets_;  // Of histograms.
};

// All metrics of one process; one object, made in main and handed down. Thread-safe. Asking twice for one
// name gives the same metric, so that two services of one process can share it.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  using Labels = std::initializer_list<absl::string_view>;
  Family<Counter> Counters(absl::string_view name, absl::string_view help, Labels labels = {});
  Family<Gauge> Gauges(absl::string_view name, absl::string_view help, Labels labels = {});
  Family<Histogram> Histograms(absl::string_view name, absl::string_view help, Labels labels = {},
                               const Buckets& buckets = DurationBuckets());

  // Everything in the text format, with process_* and cognate_build_info.
  std::string Text();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cognate::metrics
