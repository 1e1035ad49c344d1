#include "services/feedback/replay.h"

#include "absl/container/flat_hash_set.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/compare_with_ledger.h"
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
  absl::flat_hash_set<std::string> unknown_sources;
  for (const v1::RecordKey& record : *unknown) unknown_sources.insert(record.SerializeAsString());
  std::vector<Trouble> lost;
  for (const Trouble& trouble : troubles) {
    if (unknown_sources.contains(trouble.source.SerializeAsString())) lost.push_back(trouble);
  }
  ASSIGN_OR_RETURN(replayed.unknown, GiveUpUnknown(parts, lost, context));
  replayed.count = static_cast<int64_t>(troubles.size() - lost.size());
  return replayed;
}

absl::StatusOr<std::vector<Trouble>> GiveUpUnknown(const Parts& parts, absl::Span<const Trouble> unknown,
                                                   const CallContext& context) {
  if (unknown.empty()) return std::vector<Trouble>();
  const std::string& platform = unknown.front().key.platform;
  const absl::Time now = parts.clock.Now();
  ASSIGN_OR_RETURN(Compared compared, CompareWithLedger(parts.peers, unknown, context));
  RETURN_IF_ERROR(parts.troubles.Delete(compared.settled));
  RETURN_IF_ERROR(parts.troubles.Delete(compared.ended));
  EventBatchBuilder told(platform, now);
  for (Trouble& trouble : compared.still) {
    trouble.state = v1::REPLICA_STATE_DEAD;
    trouble.error = RecordUnknown(Describe(trouble.source));
    trouble.replay = false;
    trouble.replay_count = 0;
    // What the ledger said may be over by the time that this is written.
    trouble.next_attempt = now + parts.policy.first_look;
    trouble.updated = now;
    if (trouble.created == absl::UnixEpoch()) trouble.created = now;
    log::Warn("record_unknown", {{"platform", platform}, {"record", Describe(trouble.source)}});
    told.Add(trouble);
  }
  if (!compared.still.empty()) {
    RETURN_IF_ERROR(
        parts.troubles.InTransaction("give_up", [&](postgres::Transaction& transaction) -> absl::Status {
          RETURN_IF_ERROR(parts.troubles.Put(transaction, compared.still));
          return parts.events.Append(transaction, platform, told.Serialize(), told.counts(), now).status();
        }));
    parts.feed.Notify();
  }
  std::vector<Parked> parked;  // what has ended, too: nothing of it will ever be applied
  for (const std::vector<Trouble>* troubles : {&compared.still, &compared.ended}) {
    for (const Trouble& trouble : *troubles)
      parked.push_back({trouble.key.entity_id.AsBytes(), trouble.key.model, trouble.version});
  }
  RETURN_IF_ERROR(Park(parts.peers, platform, parked, context));
  return std::move(compared.still);
}

}  // namespace cognate::feedback
