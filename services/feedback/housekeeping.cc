#include "services/feedback/housekeeping.h"

#include <map>
#include <string>
#include <vector>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/events/event_batch.h"

namespace cognate::feedback {
namespace {

constexpr absl::Duration kTurn = absl::Seconds(15);
constexpr int kDeleteAtOnce = 1000;
constexpr int kExpireAtOnce = 500;
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
  RETURN_IF_ERROR(ExpireHeld(now));
  return CountTroubles();
}

absl::Status Housekeeping::ExpireHeld(absl::Time now) {
  std::vector<Trouble> expired;
  do {
    RETURN_IF_ERROR(
        parts_.troubles.InTransaction("expire_held", [&](postgres::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(expired,
                           parts_.troubles.ExpireHeld(transaction, now - held_max_, now, kExpireAtOnce));
          std::map<std::string, EventBatchBuilder> told;
          for (const Trouble& trouble : expired)
            told.try_emplace(trouble.key.platform, trouble.key.platform, now).first->second.Add(trouble);
          for (const auto& [platform, batch] : told)
            RETURN_IF_ERROR(parts_.events.Append(transaction, platform, batch.Serialize(), 0, now).status());
          return absl::OkStatus();
        }));
    if (expired.empty()) break;
    log::Warn("held_for_too_long", {{"count", static_cast<int64_t>(expired.size())}});
    parts_.feed.Notify();
  } while (expired.size() == kExpireAtOnce);
  return absl::OkStatus();
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
