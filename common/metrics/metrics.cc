#include "common/metrics/metrics.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <type_traits>
#include <utility>

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/metrics/build_info.h"
#include "common/metrics/name_bounds.h"
#include "common/metrics/process_metrics.h"
#include "common/sync/mutex.h"

namespace cognate::metrics {
namespace {

std::string Prefixed(absl::string_view name) { return absl::StrCat("cognate_", name); }
std::vector<std::string> Strings(Registry::Labels labels) { return {labels.begin(), labels.end()}; }

}  // namespace

const Buckets& DurationBuckets() {
  static const Buckets* const buckets =
      new Buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
  return *buckets;
}

const Buckets& SizeBuckets() {
  static const Buckets* const buckets =
      new Buckets{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};
  return *buckets;
}

template <typename Metric>
Metric& Family<Metric>::With(std::initializer_list<absl::string_view> values) {
  if (values.size() != labels_.size()) {
    std::fprintf(stderr, "metric %s: got %zu label values, want %zu\n", family_->GetName().c_str(),
                 values.size(), labels_.size());
    std::abort();
  }
  prometheus::Labels labels;
  const absl::string_view* value = values.begin();
  for (const std::string& label : labels_) {
    const absl::string_view shown = bounds_->Shown(label, *value++);
    if constexpr (std::is_same_v<Metric, Gauge>) {
      if (shown == NameBounds::kOther) return bounds_->hidden_gauge();
    }
    labels.emplace(label, std::string(shown));
  }
  if constexpr (std::is_same_v<Metric, Histogram>) {
    return family_->Add(labels, buckets_);
  } else {
    return family_->Add(labels);
  }
}

template class Family<Counter>;
template class Family<Gauge>;
template class Family<Histogram>;

struct Registry::State {
  explicit State(int max_names) : bounds(registry, max_names) {}

  prometheus::Registry registry;
  Mutex scrape_mutex;  // One at a time: the processor time is counted on by what is missing.
  Mutex refresh_mutex;
  std::map<int64_t, std::function<void()>> refreshers ABSL_GUARDED_BY(refresh_mutex);
  int64_t last_refresher ABSL_GUARDED_BY(refresh_mutex) = 0;
  Mutex owners_mutex;
  std::map<std::string, int> owners ABSL_GUARDED_BY(owners_mutex);  // Of owned gauges, by name and labels.
  NameBounds bounds;

  Gauge* resident_bytes = nullptr;
  Counter* cpu_seconds = nullptr;
  Gauge* open_files = nullptr;
  Gauge* max_files = nullptr;
  Gauge* threads = nullptr;
  Gauge* start_time = nullptr;

  Gauge* ProcessGauge(const char* name, const char* help) {
    return &prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }
};

Registry::Registry(int max_names) : state_(std::make_unique<State>(max_names)) {
  state_->resident_bytes = state_->ProcessGauge("process_resident_memory_bytes", "Resident memory.");
  state_->cpu_seconds = &prometheus::BuildCounter()
                             .Name("process_cpu_seconds_total")
                             .Help("User and system time used.")
                             .Register(state_->registry)
                             .Add({});
  state_->open_files = state_->ProcessGauge("process_open_fds", "Open file descriptors.");
  state_->max_files = state_->ProcessGauge("process_max_fds", "File descriptors that may be open.");
  state_->threads = state_->ProcessGauge("process_threads", "Threads.");
  state_->start_time =
      state_->ProcessGauge("process_start_time_seconds", "When the process started, Unix time.");
  Gauges("build_info", "Always 1; the labels say what runs.", {"version", "compiler"})
      .With({Version(), Compiler()})
      .Set(1);
}

Registry::~Registry() = default;

Family<Counter> Registry::Counters(absl::string_view name, absl::string_view help, Labels labels) {
  auto& family =
      prometheus::BuildCounter().Name(Prefixed(name)).Help(std::string(help)).Register(state_->registry);
  return {&family, &state_->bounds, Strings(labels), {}};
}

Family<Gauge> Registry::Gauges(absl::string_view name, absl::string_view help, Labels labels) {
  auto& family =
      prometheus::BuildGauge().Name(Prefixed(name)).Help(std::string(help)).Register(state_->registry);
  return {&family, &state_->bounds, Strings(labels), {}};
}

Family<Histogram> Registry::Histograms(absl::string_view name, absl::string_view help, Labels labels,
                                       const Buckets& buckets) {
  auto& family =
      prometheus::BuildHistogram().Name(Prefixed(name)).Help(std::string(help)).Register(state_->registry);
  return {&family, &state_->bounds, Strings(labels), buckets};
}

std::unique_ptr<Registry::Refresher> Registry::OnScrape(std::function<void()> refresh) {
  MutexLock lock(&state_->refresh_mutex);
  const int64_t number = ++state_->last_refresher;
  state_->refreshers.emplace(number, std::move(refresh));
  return std::make_unique<Refresher>(*state_, number);
}

Registry::Refresher::~Refresher() {
  MutexLock lock(&state_.refresh_mutex);
  state_.refreshers.erase(number_);
}

OwnedGauge::OwnedGauge(Registry& registry, absl::string_view name, absl::string_view help,
                       Registry::Labels labels, Registry::Labels values)
    : registry_(registry),
      family_(registry.Gauges(name, help, labels)),
      key_(absl::StrCat(name, "\n", absl::StrJoin(values, "\n"))),
      gauge_([&]() -> Gauge& {
        MutexLock lock(&registry.state_->owners_mutex);
        ++registry.state_->owners[key_];
        return family_.With(values);
      }()) {}

OwnedGauge::~OwnedGauge() {
  MutexLock lock(&registry_.state_->owners_mutex);
  const auto owners = registry_.state_->owners.find(key_);
  if (--owners->second > 0) return;
  registry_.state_->owners.erase(owners);
  family_.Remove(gauge_);
}

std::string Registry::Text() {
  MutexLock lock(&state_->scrape_mutex);
  {
    MutexLock refresh_lock(&state_->refresh_mutex);
    for (const auto& [number, refresh] : state_->refreshers) refresh();
  }
  const ProcessFacts facts = ReadProcessFacts();
  state_->resident_bytes->Set(static_cast<double>(facts.resident_bytes));
  state_->cpu_seconds->Increment(facts.cpu_seconds - state_->cpu_seconds->Value());
  state_->open_files->Set(static_cast<double>(facts.open_files));
  state_->max_files->Set(static_cast<double>(facts.max_files));
  state_->threads->Set(static_cast<double>(facts.threads));
  state_->start_time->Set(facts.start_time_seconds);
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace cognate::metrics
