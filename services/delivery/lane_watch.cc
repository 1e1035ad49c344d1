#include "services/delivery/lane_watch.h"

#include <algorithm>

#include "common/log/log.h"

namespace cognate::delivery {
namespace {

constexpr absl::Duration kTurn = absl::Milliseconds(50);
// Many lanes begin at once, or probe at once: not all of them together. One that takes longer than this (its
// target may hang) holds up nobody.
constexpr size_t kMaxStarting = 128;
constexpr absl::Duration kStartingFor = absl::Seconds(1);

}  // namespace

LaneWatch::LaneWatch(const LaneContext& context, Lanes lanes)
    : context_(context),
      lanes_(std::move(lanes)),
      progress_("resting_lanes", context.clock, context.metrics),
      streams_(context.redis, context.options.stream_prefix, context.clock,
               [this](const std::string& platform) { return resting_.WaitsForEntries(platform); }) {}

void LaneWatch::Start() {
  entries_ = std::make_unique<Worker>("lane-watch", [this](StopToken& stop) { RunEntries(stop); });
  inquiries_ = std::make_unique<Worker>("lane-inquiries", [this](StopToken& stop) { RunInquiries(stop); });
}

void LaneWatch::Stop() {
  calls_.Cancel();
  for (const std::unique_ptr<Worker>* const worker : {&entries_, &inquiries_}) {
    if (*worker != nullptr) (*worker)->RequestStop();
  }
  entries_.reset();
  inquiries_.reset();
  progress_.SetBacklog(0);
}

void LaneWatch::Wake(const std::string& platform, WakeCause cause) {
  if (resting_.Remove(platform)) lanes_.wake(platform, cause);
}

void LaneWatch::RunEntries(StopToken& stop) {
  while (!stop.stopping()) {
    progress_.SetBacklog(1);  // until this turn is over
    for (const RestingLanes::Entered& entered : resting_.TakeEntered()) {
      started_.erase(entered.platform);
      if (!lanes_.reap(entered.platform)) {
        resting_.RemoveIf(entered);
      } else if (resting_.WaitsForEntries(entered.platform)) {
        streams_.Add(entered.platform);
      }
    }
    WakeByTime();
    for (const std::string& platform : streams_.Wait(kTurn)) {
      if (resting_.WaitsForEntries(platform)) Wake(platform, WakeCause::kEntry);
    }
    progress_.Progress();
    progress_.SetBacklog(0);
  }
}

void LaneWatch::WakeByTime() {
  const absl::Time now = context_.clock.Now();
  absl::erase_if(started_, [&](const auto& started) { return now - started.second > kStartingFor; });
  if (started_.size() >= kMaxStarting) return;
  for (const std::string& platform : resting_.Over(now, kMaxStarting - started_.size())) {
    started_[platform] = now;
    Wake(platform, WakeCause::kTime);
  }
}

void LaneWatch::RunInquiries(StopToken& stop) {
  struct Inquiry {
    absl::Duration (LaneWatch::*ask)();
    absl::Time next;
  };
  const absl::Time now = context_.clock.Now();
  Inquiry inquiries[] = {{&LaneWatch::AskDue, now},
                         {&LaneWatch::AskPlatforms, now},
                         {&LaneWatch::LookAtPauses, now},
                         {&LaneWatch::LookAtStreams, now}};
  absl::Time first = now;
  while (!stop.WaitFor(std::max(first - context_.clock.Now(), kTurn))) {
    first = absl::InfiniteFuture();
    for (Inquiry& inquiry : inquiries) {
      if (stop.stopping()) return;
      if (context_.clock.Now() >= inquiry.next) inquiry.next = context_.clock.Now() + (this->*inquiry.ask)();
      first = std::min(first, inquiry.next);
    }
  }
}

}  // namespace cognate::delivery
