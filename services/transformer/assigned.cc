#include "services/transformer/assigned.h"

#include "absl/container/flat_hash_map.h"
#include "services/transformer/resolve.h"

namespace cognate::transformer {
namespace {

// Calls `visit(change, group, index)` for every change that is asked for, in the same order each time. What a
// delivery wrote is asked for by its entity: the registry may not know its local id yet.
template <typename Visit>
void ForEachAsked(const Routed& routed, Visit visit) {
  absl::flat_hash_map<std::pair<const SourcePlan*, bool>, int> groups;
  std::vector<int> counts;
  for (size_t i = 0; i < routed.changes.size(); ++i) {
    const RoutedChange& change = routed.changes[i];
    if (!change.plan->asks_assignments) continue;
    const auto [known, is_new] = groups.emplace(std::make_pair(change.plan, change.change->is_delivered()),
                                                static_cast<int>(groups.size()));
    if (is_new) counts.push_back(0);
    visit(i, known->second, counts[static_cast<size_t>(known->second)]++);
  }
}

}  // namespace

v1::ResolveRequest AskAssigned(const Routed& routed, bool make) {
  v1::ResolveRequest request;
  ForEachAsked(routed, [&](size_t i, int number, int /*index*/) {
    const RoutedChange& change = routed.changes[i];
    if (number == request.groups_size()) {
      v1::ResolveGroup* const made = request.add_groups();
      made->set_with_assignments(true);
      made->set_platform(change.plan->platform);
      made->set_model(change.plan->model);
      made->set_create(make);
    }
    v1::ResolveGroup* const group = request.mutable_groups(number);
    if (change.change->is_delivered()) {
      group->add_entity_ids(change.logged().origin_entity_id());
    } else {
      group->add_local_ids(change.logged().local_id());
      group->add_versions(change.logged().version());
    }
  });
  return request;
}

absl::StatusOr<Assigned> Assigned::Read(const Routed& routed, const v1::ResolveResponse& response) {
  Assigned assigned;
  std::vector<int32_t> first;  // set of each group
  for (const v1::ResolvedGroup& group : response.groups()) {
    first.push_back(static_cast<int32_t>(assigned.sets_.size()));
    for (const v1::PlatformSet& set : group.assignment_sets()) {
      assigned.sets_.emplace_back(set.platforms().begin(), set.platforms().end());
    }
  }
  assigned.places_.assign(routed.changes.size(), -1);
  assigned.entities_.resize(routed.changes.size());
  bool fits = true;
  ForEachAsked(routed, [&](size_t i, int number, int index) {
    fits = fits && number < response.groups_size() &&
           index < response.groups(number).assignment_places_size() &&
           index < response.groups(number).entity_ids_size();
    if (!fits) return;
    const v1::ResolvedGroup& group = response.groups(number);
    const int32_t place = group.assignment_places(index);
    fits = place >= 0 && place < group.assignment_sets_size();
    assigned.places_[i] = first[static_cast<size_t>(number)] + place;
    assigned.entities_[i] = group.entity_ids(index);
  });
  if (!fits) return absl::InternalError("Resolve: the assignments do not fit the question");
  return assigned;
}

absl::Status Assigned::CheckEntities(const Resolved& resolved) const {
  for (size_t i = 0; i < places_.size(); ++i) {
    if (places_[i] < 0 || resolved.records[i].entity_id == entities_[i]) continue;
    return absl::UnavailableError("a record's local id was used anew while its assignments were read: again");
  }
  return absl::OkStatus();
}

}  // namespace cognate::transformer
