#include "services/feedback/redrive_loop.h"

#include <map>
#include <string>
#include <utility>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/replay.h"

namespace cognate::feedback {
namespace {

constexpr int kReplayPage = 500;
constexpr int kLookPage = 200;
constexpr absl::Duration kGiveBack = absl::Seconds(1);

// What the ledger says of a trouble's replica: applied there at the same or a higher version.
absl::StatusOr<bool> IsSettled(const Parts& parts, const Trouble& trouble) {
  ASSIGN_OR_RETURN(const v1::GetReplicasResponse response,
                   parts.peers.registry().GetReplicas(trouble.source, CallContext()));
  for (const v1::Replica& replica : response.replicas()) {
    if (replica.entity_id() == trouble.key.entity_id.ToString() &&
        replica.record().platform() == trouble.key.platform &&
        replica.record().model() == trouble.key.model && replica.applied_version() >= trouble.version) {
      return true;
    }
  }
  return false;
}

}  // namespace

void RedriveLoop::RunReplays(StopToken& stop) {
  parts_.signal.SetLoop(&stop);
  while (!stop.stopping()) {
    const absl::StatusOr<bool> more = ReplayPage();
    if (!more.ok()) log::Warn("redrive", {{"status", more.status()}});
    if (!more.ok() || !*more) stop.WaitFor(more.ok() ? poll_ : kGiveBack);
  }
  parts_.signal.SetLoop(nullptr);
}

void RedriveLoop::RunLooks(StopToken& stop) {
  while (!stop.stopping()) {
    const absl::StatusOr<bool> more = LookAtPage();
    if (!more.ok()) log::Warn("look_at_troubles", {{"status", more.status()}});
    if (!more.ok() || !*more) stop.WaitFor(more.ok() ? poll_ : kGiveBack);
  }
}

absl::StatusOr<bool> RedriveLoop::ReplayPage() {
  const absl::Time now = parts_.clock.Now();
  monitor_.SetBacklog(1);  // whether anything is due is known only after the look
  ASSIGN_OR_RETURN(std::vector<Trouble> due,
                   parts_.troubles.TakeDue(/*replay=*/true, now, kReplayPage, [&](const Trouble& trouble) {
                     return now + LeaseOf(parts_.policy, trouble.replay_count + 1);
                   }));
  const bool more = due.size() == kReplayPage;
  if (!due.empty()) monitor_.SetBacklog(static_cast<int64_t>(due.size()));
  RETURN_IF_ERROR(lost_.End(&due));
  std::vector<Trouble> first;
  std::vector<Trouble> unanswered;
  for (Trouble& trouble : due) (trouble.replay_count == 0 ? first : unanswered).push_back(std::move(trouble));
  // A replay that nothing came of: perhaps because the target has it already, so that there was nothing to
  // deliver.
  RETURN_IF_ERROR(CompareWithLedger(unanswered, &first));
  std::map<std::pair<std::string, bool>, std::vector<Trouble>> groups;
  for (Trouble& trouble : first) {
    groups[{trouble.key.platform, trouble.allow_incomplete}].push_back(std::move(trouble));
  }
  for (const auto& [target, troubles] : groups)
    RETURN_IF_ERROR(ReplayTroubles(parts_, troubles, CallContext()).status());
  monitor_.Progress();
  monitor_.SetBacklog(0);
  return more;
}

absl::StatusOr<bool> RedriveLoop::LookAtPage() {
  RETURN_IF_ERROR(lost_.EndAfterNewRules());
  const absl::Time now = parts_.clock.Now();
  ASSIGN_OR_RETURN(std::vector<Trouble> due,
                   parts_.troubles.TakeDue(/*replay=*/false, now, kLookPage, [&](const Trouble& trouble) {
                     return now + (trouble.state == v1::REPLICA_STATE_WAITING ? parts_.policy.waiting_look
                                                                              : parts_.policy.lease);
                   }));
  const bool more = due.size() == kLookPage;
  RETURN_IF_ERROR(lost_.End(&due));
  std::vector<Trouble> waiting;
  std::vector<Trouble> at_rest;
  for (const Trouble& trouble : due) {
    (trouble.state == v1::REPLICA_STATE_WAITING ? waiting : at_rest).push_back(trouble);
  }
  // Only a replay sees all that may have changed: the awaited record has come unnoticed, is another entity by
  // now, or the rules are others.
  ASSIGN_OR_RETURN(const int64_t released, parts_.troubles.Release(waiting, /*allow_incomplete=*/false, now));
  if (released > 0) parts_.signal.Notify();
  std::vector<Trouble> still;
  RETURN_IF_ERROR(CompareWithLedger(at_rest, &still));
  RETURN_IF_ERROR(parts_.troubles.Rest(still));
  return more;
}

absl::Status RedriveLoop::CompareWithLedger(absl::Span<const Trouble> troubles, std::vector<Trouble>* still) {
  std::vector<Trouble> settled;
  for (const Trouble& trouble : troubles) {
    const absl::StatusOr<bool> is_settled = IsSettled(parts_, trouble);
    if (!is_settled.ok() && !absl::IsNotFound(is_settled.status()) &&
        !absl::IsInvalidArgument(is_settled.status())) {
      return is_settled.status();  // They are due again after their lease.
    }
    (is_settled.ok() && *is_settled ? &settled : still)->push_back(trouble);
  }
  return parts_.troubles.Delete(settled);
}

}  // namespace cognate::feedback
