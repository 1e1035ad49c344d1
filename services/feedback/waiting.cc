#include "services/feedback/waiting.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/events/event_batch.h"
#include "services/feedback/wait_graph.h"

namespace cognate::feedback {
namespace {

// A chain that is longer is looked at in pieces, as its members are inspected themselves.
constexpr int kLongestWalk = 100;

// "public.a 1 on atlas waits for public.b 2 on atlas, which waits for public.a 1 on atlas".
std::string DescribeCycle(const std::vector<const Trouble*>& cycle) {
  std::string text = Describe(cycle.front()->source);
  for (size_t i = 1; i <= cycle.size(); ++i) {
    const Trouble& next = *cycle[i % cycle.size()];
    absl::StrAppend(&text, i == 1 ? " waits for " : ", which waits for ", Describe(next.source));
    if (i == 20 && cycle.size() > 21) {
      return absl::StrCat(text, " and so on over ", cycle.size(), " records");
    }
  }
  return text;
}

}  // namespace

absl::Status Waiting::Inspect(absl::Span<const Trouble> waiting, const CallContext& context) {
  if (waiting.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<Trouble> still, FreeArrived(waiting, context));
  return BreakCycles(std::move(still));
}

absl::StatusOr<std::vector<Trouble>> Waiting::FreeArrived(absl::Span<const Trouble> waiting,
                                                          const CallContext& context) {
  std::map<std::pair<std::string, std::string>, std::vector<const Trouble*>> by_target;
  std::vector<Trouble> still;
  for (const Trouble& trouble : waiting) {
    if (trouble.can_be_awaited())
      by_target[{trouble.key.platform, trouble.waits_for_model}].push_back(&trouble);
  }
  v1::ResolveRequest request;
  for (const auto& [target, troubles] : by_target) {
    v1::ResolveGroup* group = request.add_groups();
    group->set_target_platform(target.first);
    group->set_target_model(target.second);
    for (const Trouble* trouble : troubles)
      group->add_entity_ids(std::string(trouble->waits_for_entity->AsBytes()));
  }
  if (request.groups().empty()) return still;
  ASSIGN_OR_RETURN(const v1::ResolveResponse response, peers_.registry().Resolve(request, context));
  std::vector<Trouble> arrived;
  int index = 0;
  for (const auto& [target, troubles] : by_target) {
    if (index >= response.groups_size()) break;
    const v1::ResolvedGroup& group = response.groups(index++);
    for (size_t i = 0; i < troubles.size(); ++i) {
      const int at = static_cast<int>(i);
      const bool there = at < group.target_local_ids_size() && !group.target_local_ids(at).empty();
      (there ? arrived : still).push_back(*troubles[i]);
    }
  }
  ASSIGN_OR_RETURN(const int64_t freed, troubles_.Release(arrived, /*allow_incomplete=*/false, clock_.Now()));
  if (freed > 0) signal_.Notify();
  return still;
}

absl::Status Waiting::BreakCycles(std::vector<Trouble> waiting) {
  WaitGraph graph;
  for (Trouble& trouble : waiting) graph.Add(std::move(trouble));
  for (int step = 0; step < kLongestWalk; ++step) {
    const std::vector<TroubleKey> unknown = graph.TakeUnknown();
    if (unknown.empty()) break;
    ASSIGN_OR_RETURN(std::vector<Trouble> found, troubles_.Find(unknown));
    for (Trouble& trouble : found) graph.Add(std::move(trouble));
  }
  for (const std::vector<const Trouble*>& cycle : graph.Cycles()) RETURN_IF_ERROR(BreakCycle(cycle));
  return absl::OkStatus();
}

absl::Status Waiting::BreakCycle(const std::vector<const Trouble*>& cycle) {
  const auto willing = std::find_if(cycle.begin(), cycle.end(),
                                    [](const Trouble* trouble) { return trouble->may_be_incomplete; });
  if (willing == cycle.end()) return GiveUp(cycle);
  ASSIGN_OR_RETURN(const int64_t released,
                   troubles_.Release({*willing, 1}, /*allow_incomplete=*/true, clock_.Now()));
  if (released > 0) signal_.Notify();
  return absl::OkStatus();
}

absl::Status Waiting::GiveUp(const std::vector<const Trouble*>& cycle) {
  const absl::Time now = clock_.Now();
  const v1::OutcomeError error = ReferenceCycle(DescribeCycle(cycle));
  std::vector<Trouble> dead;
  EventBatchBuilder told(cycle.front()->key.platform, now);
  for (const Trouble* trouble : cycle) {
    dead.push_back(*trouble);
    dead.back().state = v1::REPLICA_STATE_DEAD;
    dead.back().error = error;
    told.Add(dead.back());
  }
  ASSIGN_OR_RETURN(const int64_t killed, troubles_.Kill(dead, error, now));
  if (killed == 0) return absl::OkStatus();
  log::Warn("reference_cycle",
            {{"platform", cycle.front()->key.platform}, {"records", DescribeCycle(cycle)}});
  RETURN_IF_ERROR(events_.Append(cycle.front()->key.platform, told.Serialize(), told.counts(), now).status());
  feed_.Notify();
  return absl::OkStatus();
}

}  // namespace cognate::feedback
