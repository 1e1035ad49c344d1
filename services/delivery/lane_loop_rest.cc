// When a lane has nothing to do, and how it rests.
#include <algorithm>
#include <utility>

#include "services/delivery/lane_loop.h"

namespace cognate::delivery {
namespace {

constexpr absl::Duration kLongestWait = absl::Seconds(10);  // of a lane that cannot rest yet
constexpr absl::Duration kReportTurn = absl::Milliseconds(10);
constexpr int kReportTurns = 100;

}  // namespace

// A stream on which something is left wakes the lane at once, so that nothing can be missed.
void LaneLoop::SetRest(absl::Time until) {
  channel_.reset();
  Rest rest;
  rest.until = until;
  const v1::Lane shown = parts_.status.Describe();
  rest.state = shown.state();
  rest.why = shown.error();
  rest.by_entries = !platform_.name().empty();
  rest.etag = platform_.etag();
  if (!platform_.delivery().maintenance_windows().empty() || platform_.has_lock()) {
    *rest.pauses.mutable_delivery()->mutable_maintenance_windows() =
        platform_.delivery().maintenance_windows();
    if (platform_.has_lock()) *rest.pauses.mutable_lock() = platform_.lock();
  }
  rest_ = std::move(rest);
}

void LaneLoop::RestUntil(absl::Time until, absl::Duration otherwise, StopToken& stop) {
  const bool is_long = until - context_.clock.Now() >= context_.options.min_rest;
  if (is_long && AwaitReported(stop)) return SetRest(until);
  stop.WaitFor(std::min(otherwise, kLongestWait));
}

bool LaneLoop::AwaitReported(StopToken& stop) {
  for (int turn = 0; turn < kReportTurns && !reporter_.idle() && !Ended(stop); ++turn)
    stop.WaitFor(kReportTurn);
  return reporter_.idle();
}

bool LaneLoop::IsIdle() const {
  const absl::Time now = context_.clock.Now();
  return seen_batches_ == 0 && now - last_entry_time_ >= context_.options.rest_after && reporter_.idle() &&
         refiller_.has_asked();
}

void LaneLoop::RestIfIdle() {
  if (context_.options.rest_after == absl::InfiniteDuration() || !IsIdle()) return;
  parts_.status.SetBatchCount(0);
  parts_.progress.SetBacklog(0);
  // Where feedback could not be asked it is asked again; the ledger may have been right that nothing is due.
  SetRest(refiller_.has_nothing() ? absl::InfiniteFuture()
                                  : context_.clock.Now() + 10 * context_.options.refill_interval);
}

}  // namespace cognate::delivery
