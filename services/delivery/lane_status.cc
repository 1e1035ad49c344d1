#include "services/delivery/lane_status.h"

#include <utility>

#include "common/value/value.h"

namespace cognate::delivery {

LaneStatus::LaneStatus(std::string platform, metrics::Registry& metrics)
    : open_gauge_(metrics, "lane_open", "1 while the lane's target can be reached, else 0.", {"platform"},
                  {platform}),
      batches_gauge_(metrics, "lane_batches", "Batches on the lane's stream, those under way included.",
                     {"platform"}, {platform}),
      health_(metrics, "platform", platform) {
  MutexLock lock(&mutex_);
  lane_.set_platform(std::move(platform));
  lane_.set_state(v1::LANE_STATE_CLOSED);
  lane_.set_error("not connected yet");
}

void LaneStatus::SetOpen() {
  MutexLock lock(&mutex_);
  lane_.set_state(v1::LANE_STATE_OPEN);
  lane_.clear_error();
  lane_.clear_next_probe_time();
  open_gauge_.Set(1);
  health_.Set(metrics::kHealthy);
}

void LaneStatus::SetClosed(absl::string_view why) { SetNotOpen(v1::LANE_STATE_CLOSED, why); }
void LaneStatus::SetPaused(absl::string_view why) { SetNotOpen(v1::LANE_STATE_PAUSED, why); }

void LaneStatus::SetNotOpen(v1::LaneState state, absl::string_view why) {
  MutexLock lock(&mutex_);
  lane_.set_state(state);
  lane_.set_error(std::string(why));
  lane_.set_batch_count(0);
  batches_gauge_.Set(0);
  open_gauge_.Set(0);
  health_.Set(state == v1::LANE_STATE_PAUSED ? metrics::kPaused : metrics::kFailing);
}

void LaneStatus::SetNextProbe(absl::Time when) {
  MutexLock lock(&mutex_);
  value::SetMicros(absl::ToUnixMicros(when), lane_.mutable_next_probe_time());
}

void LaneStatus::SetBatchCount(int64_t count) {
  MutexLock lock(&mutex_);
  lane_.set_batch_count(count);
  batches_gauge_.Set(static_cast<double>(count));
}

void LaneStatus::SetApplied(absl::Time when) {
  MutexLock lock(&mutex_);
  value::SetMicros(absl::ToUnixMicros(when), lane_.mutable_last_applied_time());
}

v1::Lane LaneStatus::Describe() const {
  MutexLock lock(&mutex_);
  return lane_;
}

}  // namespace cognate::delivery
