#include "services/transformer/pipeline.h"

#include <algorithm>
#include <utility>

#include "common/status/status_macros.h"
#include "services/transformer/render.h"

namespace cognate::transformer {

absl::StatusOr<WaveResult> RunWave(const RuleSet& rules, const Wave& wave, const Ledger& ledger,
                                   ReferenceCache* cache, const LaneLimits& limits,
                                   google::protobuf::Arena* arena) {
  Rendering rendering;
  RETURN_IF_ERROR(Render(rules, wave, Missing::kMake, ledger, cache, arena, &rendering));
  WaveResult result;
  result.routed = rendering.routed.changes.size();
  result.unreadable = rendering.routed.unreadable.size();
  result.rules_revision = rendering.rules_revision;
  if (rendering.rules_revision > rules.revision()) return result;
  result.echoes = static_cast<size_t>(std::count(rendering.echoes.begin(), rendering.echoes.end(), true));

  const PlanQuestion due = AskPlan(rendering.routed, rendering.resolved, rendering.echoes, rendering.mapped);
  v1::PlanResponse planned;
  if (due.request.groups_size() + due.request.tombstones_size() + due.request.held_size() > 0) {
    ASSIGN_OR_RETURN(planned, ledger.plan(due.request));
  }
  ASSIGN_OR_RETURN(result.decisions, Decide(rendering.routed, std::move(rendering.mapped), due, planned,
                                            rules.revision(), limits, arena));
  result.expanding = std::move(rendering.routed);
  return result;
}

}  // namespace cognate::transformer
