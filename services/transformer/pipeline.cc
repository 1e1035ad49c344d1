#include "services/transformer/pipeline.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "common/status/status_macros.h"
#include "services/transformer/render.h"

namespace cognate::transformer {

namespace {

// Whether a record is no longer assigned to a target for which it was just planned the first time. Whoever
// took it away from there may have looked before this was planned, and found nothing; then the record is
// taken away here. In the ledger's order one of the two sees the other.
absl::StatusOr<bool> IsReassigned(const Rendering& rendering, const Ledger& ledger) {
  std::vector<const Item*> first;
  for (const Item& item : rendering.mapped.items) {
    if (item.shape->departure == nullptr && rendering.reach.IsFirst(item.change, *item.target))
      first.push_back(&item);
  }
  if (first.empty()) return false;
  v1::ResolveRequest request;
  v1::ResolveGroup& group = *request.add_groups();
  group.set_with_assignments(true);
  // Each once, however many targets it has: a question of more than a wave's records would be refused.
  absl::flat_hash_map<absl::string_view, int> places;  // in the question, by entity
  for (const Item* const item : first) {
    const std::string& entity = item->delivery->entity_id();
    if (places.try_emplace(entity, group.entity_ids_size()).second) group.add_entity_ids(entity);
  }
  ASSIGN_OR_RETURN(const v1::ResolveResponse response, ledger.resolve(request));
  if (response.groups_size() != 1 || response.groups(0).assignment_places_size() != group.entity_ids_size())
    return absl::InternalError("Resolve: the assignments do not fit the question");
  const v1::ResolvedGroup& resolved = response.groups(0);
  for (const Item* const item : first) {
    const int place = places.at(item->delivery->entity_id());
    const auto& platforms = resolved.assignment_sets(resolved.assignment_places(place)).platforms();
    if (!absl::c_linear_search(platforms, item->target->platform)) return true;
  }
  return false;
}

}  // namespace

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
  ASSIGN_OR_RETURN(result.is_reassigned, IsReassigned(rendering, ledger));
  if (result.is_reassigned) return result;
  ASSIGN_OR_RETURN(result.decisions, Decide(rendering.routed, std::move(rendering.mapped), due, planned,
                                            rules.revision(), limits, arena));
  result.expanding = std::move(rendering.routed);
  return result;
}

}  // namespace cognate::transformer
