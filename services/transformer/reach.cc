#include "services/transformer/reach.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"

namespace cognate::transformer {

v1::BatchGetReplicasRequest AskWhere(const Routed& routed, const Assigned& assigned) {
  v1::BatchGetReplicasRequest request;
  absl::flat_hash_set<absl::string_view> asked;
  for (size_t i = 0; i < routed.changes.size(); ++i) {
    const absl::string_view entity = assigned.EntityOf(i);
    if (routed.changes[i].plan->assigned_targets.empty() || entity.empty() || !asked.insert(entity).second)
      continue;
    request.add_entity_ids(entity.data(), entity.size());
  }
  return request;
}

absl::StatusOr<Reach> Reach::Read(const Routed& routed, const Assigned& assigned,
                                  const v1::BatchGetReplicasResponse& response) {
  Reach reach;
  reach.is_bounded_ = true;
  for (const v1::Replica& replica : response.replicas()) {
    const absl::StatusOr<Uuid> entity = Uuid::Parse(replica.entity_id());
    if (!entity.ok()) return absl::InternalError("BatchGetReplicas: the answer names no entity");
    reach.replicas_[std::string(entity->AsBytes())].emplace_back(replica.record().platform(),
                                                                 replica.record().model());
  }
  for (size_t i = 0; i < routed.changes.size(); ++i) {
    const SourcePlan& plan = *routed.changes[i].plan;
    const auto replicas = reach.replicas_.find(assigned.EntityOf(i));
    reach.there_.push_back(replicas == reach.replicas_.end() ? nullptr : &replicas->second);
    std::vector<size_t>& near = reach.near_.emplace_back(plan.open_targets);
    const auto add = [&](const std::string& platform) {
      const auto found = plan.assigned_targets.find(platform);
      if (found != plan.assigned_targets.end())
        near.insert(near.end(), found->second.begin(), found->second.end());
    };
    for (const std::string& platform : assigned.Of(i)) add(platform);
    if (reach.there_.back() != nullptr)
      for (const Place& place : *reach.there_.back()) add(place.first);
    std::sort(near.begin(), near.end());
    near.erase(std::unique(near.begin(), near.end()), near.end());
  }
  return reach;
}

std::vector<const TargetPlan*> Reach::TargetsOf(const Routed& routed, size_t change) const {
  const RoutedChange& one = routed.changes[change];
  const std::vector<TargetPlan>& all = one.plan->targets;
  std::vector<const TargetPlan*> targets;
  // What no target can take is told to each that would, whoever it is meant for.
  if (is_bounded_ && one.unfit_key == nullptr) {
    for (const size_t place : near_[change]) targets.push_back(&all[place]);
  } else {
    for (const TargetPlan& target : all) targets.push_back(&target);
  }
  return targets;
}

bool Reach::IsFirst(size_t change, const TargetPlan& target) const {
  if (!is_bounded_ || !target.only_assigned) return false;
  const std::vector<Place>* const there = there_[change];
  return there == nullptr ||
         std::find(there->begin(), there->end(), Place(target.platform, target.model)) == there->end();
}

// In this order: what another has planned by newer assignments than these is seen.
absl::Status FindReach(const Routed& routed, bool make, const Ledger& ledger, Assigned* assigned,
                       Reach* reach) {
  const v1::ResolveRequest ask = AskAssigned(routed, make);
  if (ask.groups().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const v1::ResolveResponse answer, ledger.resolve(ask));
  ASSIGN_OR_RETURN(*assigned, Assigned::Read(routed, answer));
  if (ledger.where == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const v1::BatchGetReplicasResponse there, ledger.where(AskWhere(routed, *assigned)));
  ASSIGN_OR_RETURN(*reach, Reach::Read(routed, *assigned, there));
  return absl::OkStatus();
}

}  // namespace cognate::transformer
