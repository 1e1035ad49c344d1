#include "common/health/progress_monitor.h"

#include "absl/strings/str_cat.h"

namespace cognate::health {

ProgressMonitor::ProgressMonitor(absl::string_view stage, const Clock& clock, metrics::Registry& metrics,
                                 absl::Duration limit)
    : stage_(stage),
      clock_(clock),
      limit_(limit),
      backlog_gauge_(metrics, "stage_backlog", "What waits before a stage.", {"stage"}, {stage}),
      progress_gauge_(metrics, "stage_progress_timestamp_seconds",
                      "When a stage last moved, or began, Unix time.", {"stage"}, {stage}),
      moved_nanos_(absl::ToUnixNanos(clock.Now())) {
  progress_gauge_.Set(absl::ToDoubleSeconds(clock.Now() - absl::UnixEpoch()));
}

void ProgressMonitor::Progress() {
  const absl::Time now = clock_.Now();
  moved_nanos_.store(absl::ToUnixNanos(now), std::memory_order_relaxed);
  progress_gauge_.Set(absl::ToDoubleSeconds(now - absl::UnixEpoch()));
}

void ProgressMonitor::SetBacklog(int64_t count) {
  // The time without progress begins with the work, not with the idleness before it.
  if (count > 0 && backlog_.load(std::memory_order_relaxed) == 0) {
    moved_nanos_.store(absl::ToUnixNanos(clock_.Now()), std::memory_order_relaxed);
  }
  backlog_.store(count, std::memory_order_release);
  backlog_gauge_.Set(static_cast<double>(count));
}

absl::Status ProgressMonitor::Check() const {
  const int64_t waiting = backlog_.load(std::memory_order_acquire);
  if (waiting <= 0) return absl::OkStatus();
  const absl::Duration still =
      clock_.Now() - absl::FromUnixNanos(moved_nanos_.load(std::memory_order_relaxed));
  if (still <= limit_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(waiting, " waiting, no progress for ",
                                             absl::FormatDuration(absl::Trunc(still, absl::Seconds(1))),
                                             " (limit ", absl::FormatDuration(limit_), ")"));
}

}  // namespace cognate::health
