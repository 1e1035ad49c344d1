#include "services/change_capture/clock_offset.h"

#include <algorithm>

namespace cognate::change_capture {
namespace {

// 500 parts in a million: what a clock is slewed by at most while it is being put right (adjtime, ntpd). By
// itself one drifts by a tenth of that.
absl::Duration DriftIn(absl::Duration time) { return absl::AbsDuration(time) / 2000; }

// More than messages on one connection can lie apart in time and come in another order.
constexpr absl::Duration kNoticed = absl::Seconds(1);

bool IsFinite(absl::Time time) { return time != absl::InfiniteFuture() && time != absl::InfinitePast(); }

}  // namespace

void RoundTripOffset::Add(absl::Time before, absl::Time there, absl::Time after) {
  if (after < before || !IsFinite(there)) return;  // our clock was set meanwhile, or that is no time
  const absl::Duration error = (after - before) / 2;
  const Exchange next{there - (before + error), error, after};
  if (best_) {
    const absl::Duration known_to = best_->error + DriftIn(after - best_->time);
    const bool was_set = absl::AbsDuration(next.offset - best_->offset) > known_to + next.error;
    if (!was_set && next.error > known_to) return;
  }
  best_ = next;
}

bool RoundTripOffset::Agrees(absl::Time sent, absl::Time received) {
  const bool set_back = sent + kNoticed < last_sent_;
  last_sent_ = sent;
  if (!best_) return true;
  // It was sent before it was received: the offset is at least this.
  const bool set_forward = sent - received > best_->offset + best_->error + kNoticed;
  return !set_back && !set_forward;
}

std::optional<MeasuredOffset> RoundTripOffset::measured() const {
  if (!best_) return std::nullopt;
  return MeasuredOffset{best_->offset, best_->error};
}

absl::Duration RoundTripOffset::correction() const {
  if (!best_) return absl::ZeroDuration();
  const bool may_be_right = absl::AbsDuration(best_->offset) <= std::max(best_->error, kLeftAlone);
  return may_be_right ? absl::ZeroDuration() : best_->offset;
}

void OneWayOffset::Add(absl::Time sent, absl::Time received) {
  if (!IsFinite(sent)) return;
  const absl::Duration seen = sent - received;
  const absl::Duration age = received - bucket_time_;
  if (age >= kBucket || age < absl::ZeroDuration()) {
    former_ = age < 2 * kBucket && age >= absl::ZeroDuration() ? current_ : -absl::InfiniteDuration();
    current_ = -absl::InfiniteDuration();
    bucket_time_ = received;
  }
  if (seen + kLongestWay < std::max(former_, current_)) former_ = current_ = seen;
  current_ = std::max(current_, seen);
}

std::optional<MeasuredOffset> OneWayOffset::measured() const {
  const absl::Duration best = std::max(former_, current_);
  if (best == -absl::InfiniteDuration()) return std::nullopt;
  return MeasuredOffset{best, std::nullopt};
}

absl::Duration OneWayOffset::correction() const {
  const std::optional<MeasuredOffset> best = measured();
  if (!best || absl::AbsDuration(best->offset) < kLeftAlone) return absl::ZeroDuration();
  return best->offset;
}

CorrectedStamp CorrectStamp(absl::Time stamp, absl::Duration correction, absl::Time received) {
  const absl::Time corrected = stamp - correction;
  if (corrected > received + kMaxAhead || corrected < kEarliest) return {received, true};
  return {std::min(corrected, received), false};
}

}  // namespace cognate::change_capture
