#include "services/delivery/lane.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace cognate::delivery {

Lane::Lane(std::string platform, const LaneContext& context, int64_t fence, const ProcessLease& process,
           std::function<void(const std::string& platform, Rest rest)> rested)
    : platform_(std::move(platform)),
      context_(context),
      rested_(std::move(rested)),
      lease_(fence, process),
      status_(platform_, context.metrics),
      progress_(absl::StrCat("lane_", platform_), context.clock, context.metrics),
      memory_(context.options.probe) {}

void Lane::Begin(WakeCause cause) {
  resting_ = false;
  woken_ = false;
  work_ = std::make_unique<LaneWork>(LaneParts{platform_, context_, lease_, status_, progress_, memory_},
                                     cause, [this](Rest rest) {
                                       {
                                         MutexLock lock(&mutex_);
                                         resting_ = true;
                                       }
                                       rested_(platform_, std::move(rest));
                                     });
}

void Lane::Wake(WakeCause cause) {
  MutexLock lock(&mutex_);
  if (stopping_) return;
  if (work_ == nullptr) return Begin(cause);
  woken_ = true;
  if (!resting_) work_->Wake();
}

bool Lane::Reap() {
  std::unique_ptr<LaneWork> over;
  {
    MutexLock lock(&mutex_);
    if (!resting_) return false;
    over = std::move(work_);
  }
  // Between the two somebody may wake it, and then it works with things of its own.
  over.reset();
  MutexLock lock(&mutex_);
  if (!resting_) return false;
  if (!woken_ || stopping_) return true;
  Begin(WakeCause::kAsked);
  return false;
}

void Lane::RequestStop() {
  MutexLock lock(&mutex_);
  stopping_ = true;
  if (work_ != nullptr) work_->RequestStop();
}

void Lane::InterruptAfter(absl::Duration limit) {
  MutexLock lock(&mutex_);
  if (work_ != nullptr) work_->InterruptAfter(limit);
}

void Lane::InterruptReport() {
  MutexLock lock(&mutex_);
  if (work_ != nullptr) work_->InterruptReport();
}

bool Lane::ended() const {
  MutexLock lock(&mutex_);
  if (work_ == nullptr || resting_) return stopping_;
  return work_->ended();
}

bool Lane::finished() const {
  MutexLock lock(&mutex_);
  if (work_ == nullptr) return stopping_;
  return (stopping_ || !resting_) && work_->finished();
}

bool Lane::works() const {
  MutexLock lock(&mutex_);
  return work_ != nullptr;
}

absl::Status Lane::Check() const {
  MutexLock lock(&mutex_);
  if (work_ == nullptr || work_->Waited() > absl::ZeroDuration()) return absl::OkStatus();
  return progress_.Check();
}

}  // namespace cognate::delivery
