#include "services/feedback/redrive_loop.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/trace/span.h"
#include "services/feedback/compare_with_ledger.h"
#include "services/feedback/replay.h"

namespace cognate::feedback {
namespace {

constexpr int kReplayPage = 500;
constexpr int kLookPage = 200;
constexpr absl::Duration kGiveBack = absl::Seconds(1);

// After as long as it has been there.
absl::Time NextLook(const Trouble& trouble, const RetryPolicy& policy, absl::Time now) {
  if (trouble.state == v1::REPLICA_STATE_WAITING) return now + policy.waiting_look;
  return now + std::clamp(now - trouble.created, policy.first_look, policy.longest_look);
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
  ASSIGN_OR_RETURN(std::vector<Trouble> still, EndWhatIsOver(unanswered));
  std::move(still.begin(), still.end(), std::back_inserter(first));
  std::map<std::pair<std::string, bool>, std::vector<Trouble>> groups;
  for (Trouble& trouble : first) {
    groups[{trouble.key.platform, trouble.allow_incomplete}].push_back(std::move(trouble));
  }
  for (const auto& [target, troubles] : groups) {
    trace::Span span({"redrive", trace::Kind::kInternal, "feedback"}, {});
    span.Set("cognate.platform", target.first);
    span.Set("cognate.troubles", troubles.size());
    const trace::Scope scope(span.context(), "", "feedback");
    RETURN_IF_ERROR(ReplayTroubles(parts_, troubles, CallContext()).status());
  }
  monitor_.Progress();
  monitor_.SetBacklog(0);
  return more;
}

absl::StatusOr<bool> RedriveLoop::LookAtPage() {
  RETURN_IF_ERROR(lost_.EndAfterNewRules());
  const absl::Time now = parts_.clock.Now();
  ASSIGN_OR_RETURN(std::vector<Trouble> due,
                   parts_.troubles.TakeDue(/*replay=*/false, now, kLookPage, [&](const Trouble& trouble) {
                     return NextLook(trouble, parts_.policy, now);
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
  RETURN_IF_ERROR(EndWhatIsOver(at_rest).status());
  return more;
}

absl::StatusOr<std::vector<Trouble>> RedriveLoop::EndWhatIsOver(absl::Span<const Trouble> troubles) {
  // Where the ledger does not answer they are due again after their lease.
  ASSIGN_OR_RETURN(Compared compared, CompareWithLedger(parts_.peers, troubles, CallContext()));
  RETURN_IF_ERROR(parts_.troubles.Delete(compared.settled));
  RETURN_IF_ERROR(parts_.troubles.Delete(compared.ended));
  return std::move(compared.still);
}

}  // namespace cognate::feedback
