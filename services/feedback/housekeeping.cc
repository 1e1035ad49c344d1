#include "services/feedback/housekeeping.h"

#include <string>
#include <vector>

#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

constexpr absl::Duration kTurn = absl::Seconds(15);
constexpr int kDeleteAtOnce = 1000;
constexpr absl::Duration kAppliedRetention = absl::Hours(25);  // Statistics reach a day back.

}  // namespace

void Housekeeping::Run(StopToken& stop) {
  do {
    const absl::Status status = TidyUp();
    if (!status.ok()) log::Warn("housekeeping", {{"status", status}});
  } while (!stop.WaitFor(kTurn));
}

absl::Status Housekeeping::TidyUp() {
  const absl::Time now = parts_.clock.Now();
  int64_t deleted = 0;
  do {
    ASSIGN_OR_RETURN(deleted, parts_.events.DeleteBatches(now - retention_, kDeleteAtOnce));
  } while (deleted == kDeleteAtOnce);
  RETURN_IF_ERROR(parts_.events.DeleteApplied(now - kAppliedRetention));
  return CountTroubles();
}

absl::Status Housekeeping::CountTroubles() {
  ASSIGN_OR_RETURN(const std::vector<TroubleCount> counts, parts_.troubles.Count());
  for (auto& [key, count] : counted_) count = 0;
  for (const TroubleCount& count : counts) counted_[{count.platform, count.state}] += count.count;
  for (const auto& [key, count] : counted_) {
    absl::string_view state = v1::ReplicaState_Name(static_cast<v1::ReplicaState>(key.second));
    state.remove_prefix(sizeof("REPLICA_STATE_") - 1);
    parts_.metrics.troubles.With({key.first, state}).Set(static_cast<double>(count));
  }
  return absl::OkStatus();
}

}  // namespace cognate::feedback
