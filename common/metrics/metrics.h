#pragma once

#include <cstdint>
#include <functional>
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
//
// Names that people choose (labels `platform`, `source`, `target`, `model`, `sync`, `name`, `stage`) are
// bounded (name_bounds.h, --metrics-max-names): beyond the bound of its label, counters and histograms count
// a name under "other", and gauges, of which a sum would say nothing, are not shown.
// cognate_metrics_names_refused_total{label} says that it happened.
namespace cognate::metrics {

using Counter = prometheus::Counter;      // Increment(by = 1)
using Gauge = prometheus::Gauge;          // Set, Increment, Decrement, SetToCurrentTime
using Histogram = prometheus::Histogram;  // Observe
using Buckets = std::vector<double>;

// 500 µs … 60 s: for everything from an RPC to a delivery.
const Buckets& DurationBuckets();
// 1 … 10,000: for sizes of batches.
const Buckets& SizeBuckets();

class NameBounds;

// Enough for 10,000 platforms, of which the registry and feedback show all in each of their processes.
constexpr int kDefaultMaxNames = 12'000;

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
  Family(prometheus::Family<Metric>* family, NameBounds* bounds, std::vector<std::string> labels,
         Buckets buckets)
      : family_(family), bounds_(bounds), labels_(std::move(labels)), buckets_(std::move(buckets)) {}

  prometheus::Family<Metric>* family_;  // The Registry's, as is the next.
  NameBounds* bounds_;
  std::vector<std::string> labels_;
  Buckets buckets_;  // Of histograms.
};

// All metrics of one process; one object, made in main and handed down. Thread-safe. Asking twice for one
// name gives the same metric, so that two services of one process can share it.
class Registry {
 public:
  // `max_names` as NameBounds has it.
  explicit Registry(int max_names = kDefaultMaxNames);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  using Labels = std::initializer_list<absl::string_view>;
  Family<Counter> Counters(absl::string_view name, absl::string_view help, Labels labels = {});
  Family<Gauge> Gauges(absl::string_view name, absl::string_view help, Labels labels = {});
  Family<Histogram> Histograms(absl::string_view name, absl::string_view help, Labels labels = {},
                               const Buckets& buckets = DurationBuckets());

  // Calls `refresh` before each Text(), as long as the answer lives: for what is cheaper asked than kept. It
  // waits for nothing and makes no metrics.
  class Refresher;
  [[nodiscard]] std::unique_ptr<Refresher> OnScrape(std::function<void()> refresh);

  // Everything in the text format, with process_* and cognate_build_info.
  std::string Text();

 private:
  friend class OwnedGauge;
  struct State;
  std::unique_ptr<State> state_;
};

class Registry::Refresher {
 public:
  Refresher(Registry::State& state, int64_t number) : state_(state), number_(number) {}
  ~Refresher();  // Waits for a call under way.
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;

 private:
  Registry::State& state_;
  const int64_t number_;
};

// A gauge that is gone with its last owner, such as that of a lane that another process takes over: what
// nobody keeps must not be shown. Owners of the same name and labels share it.
class OwnedGauge {
 public:
  OwnedGauge(Registry& registry, absl::string_view name, absl::string_view help, Registry::Labels labels,
             Registry::Labels values);
  ~OwnedGauge();
  OwnedGauge(const OwnedGauge&) = delete;
  OwnedGauge& operator=(const OwnedGauge&) = delete;

  void Set(double value) { gauge_.Set(value); }
  Gauge& gauge() { return gauge_; }

 private:
  Registry& registry_;
  Family<Gauge> family_;
  const std::string key_;
  Gauge& gauge_;
};

}  // namespace cognate::metrics
