#include "services/feedback/replay.h"

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/events/event_batch.h"
#include "services/feedback/park.h"

namespace cognate::feedback {

absl::StatusOr<std::vector<v1::RecordKey>> ReplayKnown(const Parts& parts, const v1::ReplayRequest& request,
                                                       absl::string_view cause, const CallContext& context) {
  std::vector<v1::RecordKey> unknown;
  ASSIGN_OR_RETURN(const v1::ReplayResponse response, parts.peers.Replay(request, context));
  parts.metrics.replays.With({cause}).Increment(response.replayed_count());
  if (response.unknown_count() == 0) return unknown;
  for (const v1::RecordKey& record : request.records()) {  // Rare enough to ask one by one.
    const absl::StatusOr<v1::Change> change = parts.peers.GetLatestChange(record, context);
    if (change.ok()) continue;
    if (!absl::IsNotFound(change.status()) && !absl::IsInvalidArgument(change.status()))
      return change.status();
    unknown.push_back(record);
  }
  return unknown;
}

absl::Status GiveUpUnknown(const Parts& parts, Trouble trouble) {
  const absl::Time now = parts.clock.Now();
  trouble.state = v1::REPLICA_STATE_DEAD;
  trouble.error = RecordUnknown(Describe(trouble.source));
  trouble.replay = false;
  trouble.replay_count = 0;
  trouble.next_attempt.reset();
  trouble.updated = now;
  if (trouble.created == absl::UnixEpoch()) trouble.created = now;
  log::Warn("record_unknown", {{"platform", trouble.key.platform}, {"record", Describe(trouble.source)}});
  EventBatchBuilder told(trouble.key.platform, now);
  told.Add(trouble);
  RETURN_IF_ERROR(
      parts.troubles.InTransaction("give_up", [&](postgres::Transaction& transaction) -> absl::Status {
        RETURN_IF_ERROR(parts.troubles.Put(transaction, {&trouble, 1}));
        return parts.events.Append(transaction, trouble.key.platform, told.Serialize(), 0, now).status();
      }));
  parts.feed.Notify();
  const Parked parked = {trouble.key.entity_id.AsBytes(), trouble.key.model, trouble.version};
  return Park(parts.peers, trouble.key.platform, {&parked, 1}, CallContext());
}

}  // namespace cognate::feedback
