#include "services/feedback/report.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/clock/time_proto.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/events/event_batch.h"
#include "services/feedback/park.h"
#include "services/feedback/sorted_outcomes.h"

namespace cognate::feedback {
namespace {

// What the transaction of one report came to.
struct Written {
  std::vector<Trouble> troubles;  // As they were put.
  std::vector<Trouble> waiting;   // Those that wait, also where this report told nothing new of them.
  int64_t freed = 0;
};

constexpr int kFreeAtOnce = 1000;

bool Recovered(const v1::ReportRequest& request) {
  for (const v1::Event& event : request.platform_events()) {
    if (event.kind() == v1::EVENT_KIND_PLATFORM_RECOVERED) return true;
  }
  return false;
}

// The troubles that follow, and their events.
absl::Status WriteTroubles(const Parts& parts, const std::string& platform, const SortedOutcomes& sorted,
                           const RetryPolicy& policy, absl::Time now, postgres::Transaction& transaction,
                           Written* written, EventBatchBuilder* told) {
  if (sorted.troubled.empty()) return absl::OkStatus();
  std::vector<TroubleKey> keys;
  for (const v1::Outcome* outcome : sorted.troubled) {
    keys.push_back({*Uuid::FromBytes(outcome->entity_id()), platform, outcome->model()});
  }
  ASSIGN_OR_RETURN(std::vector<Trouble> locked, parts.troubles.Lock(transaction, keys));
  absl::flat_hash_map<TroubleKey, const Trouble*> known;
  for (const Trouble& trouble : locked) known[trouble.key] = &trouble;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto found = known.find(keys[i]);
    const Trouble* before = found == known.end() ? nullptr : found->second;
    std::optional<Trouble> next =
        NextTrouble(platform, *sorted.troubled[i], before, policy, now, parts.random);
    const Trouble& after = next ? *next : *before;
    if (after.state == v1::REPLICA_STATE_WAITING && !after.replay) written->waiting.push_back(after);
    if (!next) continue;
    told->Add(*sorted.troubled[i], &*next);
    written->troubles.push_back(*std::move(next));
  }
  return parts.troubles.Put(transaction, written->troubles);
}

// The platform has taken a login: what was held for it is on its way again.
absl::Status FreeHeld(const Parts& parts, const v1::ReportRequest& request, const SortedOutcomes& sorted,
                      absl::Time now, postgres::Transaction& transaction, Written* written,
                      std::vector<std::string>* released) {
  const bool all = Recovered(request);
  if (sorted.settled.empty() && sorted.identities.empty() && !all) return absl::OkStatus();
  std::vector<Trouble> freed;
  do {
    ASSIGN_OR_RETURN(freed, parts.troubles.FreeHeld(transaction, request.platform(), all, sorted.identities,
                                                    now, kFreeAtOnce));
    if (freed.empty()) break;
    written->freed += static_cast<int64_t>(freed.size());
    EventBatchBuilder told(request.platform(), now);
    for (const Trouble& trouble : freed) told.Add(trouble, v1::EVENT_KIND_RELEASED);
    released->push_back(told.Serialize());
  } while (freed.size() == kFreeAtOnce);
  return absl::OkStatus();
}

// Step 2, where there are troubles.
absl::StatusOr<Written> WriteWithTroubles(const Parts& parts, const v1::ReportRequest& request,
                                          const SortedOutcomes& sorted, const EventBatchBuilder& told_so_far,
                                          absl::Time now) {
  Written written;
  const std::string& platform = request.platform();
  const RetryPolicy policy = parts.policies.Of(platform);
  RETURN_IF_ERROR(
      parts.troubles.InTransaction("report", [&](postgres::Transaction& transaction) -> absl::Status {
        written = Written();
        EventBatchBuilder told = told_so_far;
        RETURN_IF_ERROR(parts.troubles.LockPlatform(transaction, platform));
        RETURN_IF_ERROR(parts.troubles.DeleteSettled(transaction, platform, sorted.settled_entities,
                                                     sorted.settled_models, sorted.settled_versions));
        ASSIGN_OR_RETURN(written.freed,
                         parts.troubles.FreeWaiters(transaction, platform, sorted.present_entities,
                                                    sorted.present_models, now));
        std::vector<std::string> released;  // Batches of events, which are told before the report's own.
        if (!policy.hold.is_manual)
          RETURN_IF_ERROR(FreeHeld(parts, request, sorted, now, transaction, &written, &released));
        RETURN_IF_ERROR(WriteTroubles(parts, platform, sorted, policy, now, transaction, &written, &told));
        for (const std::string& batch : released)
          RETURN_IF_ERROR(parts.events.Append(transaction, platform, batch, EventCounts(), now).status());
        if (told.empty()) return absl::OkStatus();
        return parts.events.Append(transaction, platform, told.Serialize(), told.counts(), now).status();
      }));
  return written;
}

absl::StatusOr<Written> Write(const Parts& parts, const v1::ReportRequest& request,
                              const SortedOutcomes& sorted, absl::Time now) {
  EventBatchBuilder told(request.platform(), now);
  told.Reserve(static_cast<int>(sorted.settled.size()));
  for (const v1::Outcome* outcome : sorted.settled) told.Add(*outcome, nullptr);
  for (const v1::Event& event : request.platform_events()) told.Add(event);
  bool troubles = !sorted.troubled.empty();
  if (!troubles) {
    ASSIGN_OR_RETURN(troubles, parts.troubles.AnyOn(request.platform()));
  }
  if (troubles) return WriteWithTroubles(parts, request, sorted, told, now);
  if (!told.empty()) {
    RETURN_IF_ERROR(parts.events.Append(request.platform(), told.Serialize(), told.counts(), now).status());
  }
  return Written();
}

absl::Status ParkTroubled(const Parts& parts, const std::string& platform, const SortedOutcomes& sorted,
                          const CallContext& context) {
  std::vector<Parked> parked;
  for (const v1::Outcome* outcome : sorted.troubled) {
    parked.push_back({outcome->entity_id(), outcome->model(), outcome->version()});
  }
  return Park(parts.peers, platform, parked, context);
}

// Whatever goes wrong here is made up for by the loop that looks at old troubles, soon.
void InspectWaiting(const Parts& parts, const std::vector<Trouble>& waiting, const CallContext& context) {
  const absl::Status inspected = parts.waiting.Inspect(waiting, context);
  if (inspected.ok()) return;
  log::Warn("inspect_waiting", {{"status", inspected}, {"count", waiting.size()}});
  const absl::Status put_off = parts.troubles.GiveBack(waiting, parts.clock.Now() + absl::Seconds(1));
  if (!put_off.ok()) log::Warn("inspect_waiting", {{"status", put_off}});
}

bool IsInVain(const v1::Outcome& outcome) {
  return outcome.status() == v1::OUTCOME_STATUS_SKIPPED && outcome.error().reason() == "DELETED_ON_TARGET";
}

// What was delivered in vain to records that had been deleted there is newer than their deletes: they are
// written once more, so that they have the last word everywhere. Before the outcomes are settled; where that
// fails, these deliveries alone are tried again. Gives the request as it goes on.
const v1::ReportRequest& RenewDeletes(const Parts& parts, const v1::ReportRequest& request,
                                      const CallContext& context, v1::ReportRequest* changed) {
  v1::ReplayRequest replay;
  for (const v1::Outcome& outcome : request.outcomes()) {
    if (!IsInVain(outcome)) continue;
    v1::RecordKey& record = *replay.add_records();
    record.set_platform(request.platform());
    record.set_model(outcome.model());
    record.set_local_id(outcome.local_id());
    replay.add_deleted_before(outcome.version());
  }
  if (replay.records().empty()) return request;
  const absl::Status renewed = parts.peers.Replay(replay, context).status();
  if (renewed.ok()) return request;
  log::Warn("renew_deletes", {{"status", renewed}, {"count", replay.records_size()}});
  *changed = request;
  for (v1::Outcome& outcome : *changed->mutable_outcomes()) {
    if (IsInVain(outcome)) outcome.set_status(v1::OUTCOME_STATUS_FAILED);
  }
  return *changed;
}

void Measure(const Parts& parts, const v1::ReportRequest& request, absl::Time now) {
  std::array<int, v1::OutcomeStatus_ARRAYSIZE> counts = {};
  metrics::Histogram& latency = parts.metrics.latency.With({request.platform()});
  for (const v1::Outcome& outcome : request.outcomes()) {
    ++counts[static_cast<size_t>(outcome.status())];
    if (outcome.status() == v1::OUTCOME_STATUS_APPLIED && outcome.has_capture_time()) {
      latency.Observe(absl::ToDoubleSeconds(now - ToTime(outcome.capture_time())));
    }
  }
  for (size_t status = 0; status < counts.size(); ++status) {
    if (counts[status] == 0) continue;
    absl::string_view name = v1::OutcomeStatus_Name(static_cast<v1::OutcomeStatus>(status));
    name.remove_prefix(sizeof("OUTCOME_STATUS_") - 1);
    parts.metrics.outcomes.With({request.platform(), name}).Increment(counts[status]);
  }
}

}  // namespace

absl::StatusOr<v1::ReportResponse> Report(const Parts& parts, const v1::ReportRequest& reported,
                                          const grpc_support::Rpc& rpc) {
  const CallContext context = CallContext::Of(rpc);
  v1::ReportRequest changed;
  const v1::ReportRequest& request = RenewDeletes(parts, reported, context, &changed);
  ASSIGN_OR_RETURN(const SortedOutcomes sorted, SortOutcomes(request));
  if (request.outcomes().empty() && request.platform_events().empty()) return v1::ReportResponse();
  const absl::Time now = parts.clock.Now();
  if (!sorted.settle.groups().empty())
    RETURN_IF_ERROR(parts.peers.registry().Settle(sorted.settle, context).status());
  ASSIGN_OR_RETURN(const Written written, Write(parts, request, sorted, now));
  parts.feed.Notify();
  if (written.freed > 0) parts.signal.Notify();
  RETURN_IF_ERROR(ParkTroubled(parts, request.platform(), sorted, context));
  InspectWaiting(parts, written.waiting, context);
  Measure(parts, request, now);
  parts.canaries.Count(request);
  return v1::ReportResponse();
}

}  // namespace cognate::feedback
