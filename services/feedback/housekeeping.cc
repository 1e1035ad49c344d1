#include "services/feedback/housekeeping.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/events/event_batch.h"

namespace cognate::feedback {
namespace {

constexpr absl::Duration kTurn = absl::Seconds(15);
constexpr int kDeleteAtOnce = 1000;
constexpr int kExpireAtOnce = 500;

}  // namespace

void Housekeeping::Run(StopToken& stop) {
  do {
    const absl::Status status = TidyUp();
    if (!status.ok()) log::Warn("housekeeping", {{"status", status}});
    const absl::Status canaries = parts_.canaries.Refresh();
    if (!canaries.ok()) log::Warn("canaries", {{"status", canaries}});
  } while (!stop.WaitFor(kTurn));
}

absl::Status Housekeeping::TidyUp() {
  const absl::Time now = parts_.clock.Now();
  int64_t deleted = 0;
  do {
    ASSIGN_OR_RETURN(deleted, parts_.events.DeleteBatches(now - retention_, kDeleteAtOnce));
  } while (deleted == kDeleteAtOnce);
  RETURN_IF_ERROR(parts_.events.DeleteTold(now - retention_));
  RETURN_IF_ERROR(parts_.history.RollUp());
  RETURN_IF_ERROR(parts_.history.DeleteOld(now));
  ASSIGN_OR_RETURN(const std::vector<std::string> platforms, parts_.troubles.PlatformsThatHold());
  for (const std::string& platform : platforms) RETURN_IF_ERROR(ExpireHeld(platform, now));
  return CountTroubles();
}

absl::Status Housekeeping::ExpireHeld(const std::string& platform, absl::Time now) {
  const absl::Time until = now - parts_.policies.Of(platform).hold.lifetime;
  std::vector<Trouble> expired;
  do {
    RETURN_IF_ERROR(
        parts_.troubles.InTransaction("expire_held", [&](postgres::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(expired,
                           parts_.troubles.ExpireHeld(transaction, platform, until, now, kExpireAtOnce));
          if (expired.empty()) return absl::OkStatus();
          EventBatchBuilder told(platform, now);
          for (const Trouble& trouble : expired) told.Add(trouble);
          return parts_.events.Append(transaction, platform, told.Serialize(), told.counts(), now).status();
        }));
    if (expired.empty()) break;
    log::Warn("held_for_too_long", {{"platform", platform}, {"count", static_cast<int64_t>(expired.size())}});
    parts_.feed.Notify();
  } while (expired.size() == kExpireAtOnce);
  return absl::OkStatus();
}

// Of what goes on without a person.
void Housekeeping::ShowOldest(const std::vector<TroubleCount>& counts) {
  const std::pair<v1::ReplicaState, const char*> stages[] = {{v1::REPLICA_STATE_RETRY, "retry"},
                                                             {v1::REPLICA_STATE_WAITING, "waiting"},
                                                             {v1::REPLICA_STATE_HELD, "held"}};
  for (const auto& [state, stage] : stages) {
    std::map<std::string, absl::Time> oldest;
    for (const TroubleCount& count : counts) {
      if (count.state != state) continue;
      absl::Time& time = oldest.try_emplace(count.platform, count.oldest).first->second;
      time = std::min(time, count.oldest);
    }
    parts_.metrics.oldest.SetAll(stage, oldest);
  }
}

absl::Status Housekeeping::CountTroubles() {
  ASSIGN_OR_RETURN(const std::vector<TroubleCount> counts, parts_.troubles.Count());
  ShowOldest(counts);
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
