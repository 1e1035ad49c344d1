// What a lane shows of itself, and the metrics that go with it. Thread safe.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/lane.pb.h"
#include "common/metrics/metrics.h"
#include "common/metrics/standing.h"
#include "common/sync/mutex.h"

namespace cognate::delivery {

class LaneStatus {
 public:
  LaneStatus(std::string platform, metrics::Registry& metrics);

  void SetOpen();
  void SetClosed(absl::string_view why);
  void SetPaused(absl::string_view why);
  void SetNextProbe(absl::Time when);
  void SetBatchCount(int64_t count);
  void SetApplied(absl::Time when);

  // Without its owner.
  v1::Lane Describe() const;

 private:
  void SetNotOpen(v1::LaneState state, absl::string_view why);

  mutable Mutex mutex_;
  v1::Lane lane_ ABSL_GUARDED_BY(mutex_);
  metrics::OwnedGauge open_gauge_;
  metrics::OwnedGauge batches_gauge_;
  metrics::EntityHealth health_;
};

}  // namespace cognate::delivery
