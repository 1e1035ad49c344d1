// Shows how many files targets still miss, and how old the oldest of them is.
#pragma once

#include <map>
#include <string>

#include "common/clock/clock.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/metrics/standing.h"
#include "common/worker/stop_token.h"
#include "services/file_transfer/placing/placement_store.h"

namespace cognate::file_transfer {

class MissingGauges {
 public:
  MissingGauges(const Clock& clock, metrics::Registry& registry, PlacementStore& placements)
      : placements_(placements),
        missing_(registry.Gauges("files_missing", "Copies that are due and records that wait for a file.",
                                 {"platform"})),
        oldest_(registry, clock) {}

  void Run(StopToken& stop) {
    do {
      const auto missing = placements_.CountMissing();
      if (missing.ok()) Show(*missing);
      if (!missing.ok()) log::Warn("missing files not counted", {{"status", missing.status()}});
    } while (!stop.WaitFor(absl::Seconds(15)));
  }

 private:
  void Show(const std::vector<PlacementStore::MissingFiles>& missing) {
    for (auto& [platform, count] : counts_) count = 0;
    std::map<std::string, absl::Time> oldest;
    for (const PlacementStore::MissingFiles& files : missing) {
      counts_[files.platform] = files.count;
      oldest.emplace(files.platform, files.oldest);
    }
    for (const auto& [platform, count] : counts_) missing_.With({platform}).Set(static_cast<double>(count));
    oldest_.SetAll("files", oldest);
  }

  PlacementStore& placements_;
  metrics::Family<metrics::Gauge> missing_;
  metrics::OldestPending oldest_;
  std::map<std::string, int64_t> counts_;  // The loop's.
};

}  // namespace cognate::file_transfer
