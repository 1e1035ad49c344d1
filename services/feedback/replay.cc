#include "services/feedback/replay.h"

#include "absl/container/flat_hash_set.h"
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

absl::StatusOr<Replayed> ReplayTroubles(const Parts& parts, absl::Span<const Trouble> troubles,
                                        const CallContext& context) {
  constexpr absl::Duration kGiveBack = absl::Seconds(1);
  v1::ReplayRequest request;
  request.set_target_platform(troubles.front().key.platform);
  request.set_allow_incomplete(troubles.front().allow_incomplete);
  absl::flat_hash_set<std::string> sources;
  for (const Trouble& trouble : troubles) {
    if (sources.insert(trouble.source.SerializeAsString()).second) *request.add_records() = trouble.source;
  }
  Replayed replayed;
  const absl::StatusOr<std::vector<v1::RecordKey>> unknown = ReplayKnown(parts, request, "trouble", context);
  if (!unknown.ok()) {
    log::Warn("replay", {{"platform", request.target_platform()}, {"status", unknown.status()}});
    replayed.failure = unknown.status();
    RETURN_IF_ERROR(parts.troubles.GiveBack(troubles, parts.clock.Now() + kGiveBack));
    return replayed;
  }
  for (const v1::RecordKey& record : *unknown) {
    for (const Trouble& trouble : troubles) {
      if (trouble.source.SerializeAsString() != record.SerializeAsString()) continue;
      RETURN_IF_ERROR(GiveUpUnknown(parts, trouble));
      replayed.unknown.push_back(trouble);
    }
  }
  replayed.count = static_cast<int64_t>(troubles.size() - replayed.unknown.size());
  return replayed;
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
        return parts.events.Append(transaction, trouble.key.platform, told.Serialize(), told.counts(), now)
            .status();
      }));
  parts.feed.Notify();
  const Parked parked = {trouble.key.entity_id.AsBytes(), trouble.key.model, trouble.version};
  return Park(parts.peers, trouble.key.platform, {&parked, 1}, CallContext());
}

}  // namespace cognate::feedback
