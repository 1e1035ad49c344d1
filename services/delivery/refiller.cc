#include "services/delivery/refiller.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"

namespace cognate::delivery {
namespace {

constexpr int kPatience = 2;  // intervals that a refill may take to come by, beyond the first
// Intervals between two questions of a lane that has nothing to do. Ten thousand such lanes would keep
// feedback and the ledger busy with questions alone; what only a lost Redis had for one of them comes so much
// later.
constexpr int kMaxIntervals = 10;
constexpr int kHurry = 4;  // times as fast

}  // namespace

Refiller::Refiller(const std::string& platform, const LaneContext& context)
    : platform_(platform),
      context_(context),
      source_(context.redis, context.options.stream_prefix, platform) {}

void Refiller::Received(size_t deliveries) {
  MutexLock lock(&mutex_);
  received_ += deliveries;
  asked_ = false;
  if (intervals_ > 1) due_ = std::min(due_, context_.clock.Now() + context_.options.refill_interval);
  intervals_ = 1;
}

void Refiller::Now() {
  MutexLock lock(&mutex_);
  due_ = absl::InfinitePast();
  intervals_ = 1;
  replayed_ = 0;
  asked_ = false;
  opened_ = true;
}

absl::Duration Refiller::Hurried(absl::Duration wait, absl::Time now) const {
  return now < hurried_until_ ? wait / kHurry : wait;
}

bool Refiller::IsTime(int64_t batches, absl::Time now) const {
  // Asking again before the last answer has come by would have the same records replayed twice.
  const bool came = received_ >= replayed_;
  if (!came && now < due_ + kPatience * context_.options.refill_interval) return false;
  if (more_ && batches > context_.options.refill_low_batches) return false;
  return now >= due_ || (more_ && came);
}

void Refiller::Look(int64_t batches) {
  const absl::Time now = context_.clock.Now();
  MutexLock lock(&mutex_);
  // What did not fit was planned until just now, and may be asked for when it is old enough.
  if (std::exchange(opened_, false) && batches > context_.options.refill_low_batches)
    hurried_until_ = now + context_.options.refill_grace + context_.options.refill_interval;
  if (asking_ || stopped_ || !IsTime(batches, now)) return;
  asking_ = true;
  asked_ = true;
  nothing_ = false;
  due_ = now + Hurried(intervals_ * context_.options.refill_interval, now);
  // From here on, as what is asked for may come by before its answer does.
  received_ = 0;
  replayed_ = 0;
  if (worker_ == nullptr)
    worker_ =
        std::make_unique<Worker>(absl::StrCat("refill-", platform_), [this](StopToken& stop) { Run(stop); });
  worker_->Wake();
}

bool Refiller::has_asked() const {
  MutexLock lock(&mutex_);
  return asked_ && !asking_ && !more_ && received_ >= replayed_;
}

bool Refiller::has_nothing() const {
  MutexLock lock(&mutex_);
  return nothing_;
}

void Refiller::RequestStop() {
  calls_.Cancel();
  MutexLock lock(&mutex_);
  stopped_ = true;
  if (worker_ != nullptr) worker_->RequestStop();
}

bool Refiller::finished() const {
  MutexLock lock(&mutex_);
  return worker_ == nullptr ? stopped_ : worker_->finished();
}

void Refiller::Run(StopToken& stop) {
  while (!stop.WaitFor(absl::Minutes(1))) {
    {
      MutexLock lock(&mutex_);
      if (!asking_) continue;
    }
    const absl::Status status = Ask();
    if (!status.ok() && !stop.stopping()) {
      log::Warn("no refill", {{"platform", platform_}, {"status", status}});
    }
    MutexLock lock(&mutex_);
    asking_ = false;
  }
}

absl::Status Refiller::Ask() {
  ASSIGN_OR_RETURN(const absl::Time oldest, source_.OldestTime());
  v1::RefillRequest request;
  request.set_platform(platform_);
  request.set_limit(context_.options.refill_limit);
  const absl::Time now = context_.clock.Now();
  absl::Duration grace;
  {
    MutexLock lock(&mutex_);
    grace = Hurried(context_.options.refill_grace, now);
  }
  value::SetMicros(absl::ToUnixMicros(std::min(oldest, now) - grace), request.mutable_planned_before());
  ASSIGN_OR_RETURN(const v1::RefillResponse response, context_.feedback.Refill(request, &calls_));
  MutexLock lock(&mutex_);
  more_ = response.more();
  replayed_ = static_cast<size_t>(std::max(0, response.replayed_count()));
  nothing_ = replayed_ == 0 && !more_;
  const bool idle = replayed_ == 0 && received_ == 0 && !more_;
  intervals_ = idle ? std::min(2 * intervals_, kMaxIntervals) : 1;
  return absl::OkStatus();
}

}  // namespace cognate::delivery
