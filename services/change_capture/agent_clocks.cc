#include "services/change_capture/agent_clocks.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/log/log.h"

namespace cognate::change_capture {
namespace {

constexpr absl::Duration kTellInterval = absl::Seconds(1);

}  // namespace

metrics::Family<metrics::Gauge> ClockOffsets(metrics::Registry& metrics) {
  return metrics.Gauges("source_clock_offset_seconds",
                        "How far a source's clock is ahead of ours; negative: behind.", {"platform"});
}

metrics::Family<metrics::Counter> StampsOutOfBounds(metrics::Registry& metrics) {
  return metrics.Counters("source_out_of_bounds_total",
                          "Times of changes that cannot be right; the time of receipt stands in their place.",
                          {"platform"});
}

AgentClocks::AgentClocks(postgres::Pool& pool, const Clock& clock, metrics::Registry& metrics)
    : store_(pool),
      clock_(clock),
      offsets_(ClockOffsets(metrics)),
      out_of_bounds_(StampsOutOfBounds(metrics)) {}

void AgentClocks::Start() {
  worker_ = std::make_unique<Worker>("agent_clocks", [this](StopToken& stop) {
    while (!stop.WaitFor(kTellInterval)) Tell();
    Tell();
  });
}

void AgentClocks::Stop() { worker_.reset(); }

std::vector<size_t> AgentClocks::Correct(absl::string_view platform, const google::protobuf::Timestamp* sent,
                                         absl::Time received, std::vector<CapturedChange>& changes) {
  std::vector<size_t> flagged;
  MutexLock lock(&mutex_);
  State& state = states_[platform];
  // Without its time a request says nothing of the clock: what others said may be of another one.
  absl::Duration correction = absl::ZeroDuration();
  if (sent != nullptr) {
    state.offset.Add(ToTime(*sent), received);
    state.has_said = true;
    correction = state.offset.correction();
  }
  for (size_t i = 0; i < changes.size(); ++i) {
    CapturedChange& change = changes[i];
    if (!change.source_time) continue;
    const CorrectedStamp stamp = CorrectStamp(*change.source_time, correction, received);
    if (stamp.out_of_bounds) {
      flagged.push_back(i);
      state.report.AddOutOfBounds(absl::StrCat(change.model->model, " ", change.local_id),
                                  *change.source_time, received);
    }
    change.source_time = stamp.time;
  }
  return flagged;
}

void AgentClocks::Tell() {
  std::vector<std::pair<std::string, ClockReport>> due;
  {
    MutexLock lock(&mutex_);
    for (auto& [platform, state] : states_) {
      if (!std::exchange(state.has_said, false) && state.report.out_of_bounds_count == 0) continue;
      due.emplace_back(platform, std::exchange(state.report, {}));
      due.back().second.measured = state.offset.measured();
    }
  }
  for (auto& [platform, report] : due) Tell(platform, std::move(report));
}

void AgentClocks::Tell(const std::string& platform, ClockReport report) {
  if (report.measured) offsets_.With({platform}).Set(absl::ToDoubleSeconds(report.measured->offset));
  const absl::Status told = store_.ReportAgent(platform, report, clock_.Now());
  if (told.ok()) {
    out_of_bounds_.With({platform}).Increment(static_cast<double>(report.out_of_bounds_count));
    return;
  }
  log::Warn("the state of a clock is not saved", {{"platform", platform}, {"status", told}});
  // With the next report.
  MutexLock lock(&mutex_);
  State& state = states_[platform];
  state.has_said = true;
  const int64_t count = state.report.out_of_bounds_count + report.out_of_bounds_count;
  if (state.report.out_of_bounds_count == 0) state.report = std::move(report);
  state.report.out_of_bounds_count = count;
}

}  // namespace cognate::change_capture
