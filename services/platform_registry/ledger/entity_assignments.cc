#include "services/platform_registry/ledger/entity_assignments.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "common/ids/uuid.h"
#include "common/status/status_macros.h"

namespace cognate::platform_registry {

absl::Status EntityAssignments::AddTo(v1::ResolvedGroup* resolved) const {
  std::vector<Uuid> entities;
  for (const std::string& bytes : resolved->entity_ids()) {
    entities.emplace_back();
    if (bytes.empty()) continue;  // unknown: of nobody
    ASSIGN_OR_RETURN(entities.back(), Uuid::FromBytes(bytes));
  }
  ASSIGN_OR_RETURN(const std::vector<StoredAssignments> stored, store_.Find(entities));
  std::map<PlatformNumberSet, int32_t> places;
  PlatformNumberSet all;
  for (const StoredAssignments& one : stored) {
    PlatformNumberSet numbers;
    std::set_union(one.platforms.begin(), one.platforms.end(), one.homes.begin(), one.homes.end(),
                   std::back_inserter(numbers));
    all.insert(all.end(), numbers.begin(), numbers.end());
    const auto [known, is_new] = places.emplace(std::move(numbers), static_cast<int32_t>(places.size()));
    resolved->add_assignment_places(known->second);
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<const PlatformTable> platforms, platforms_.Known(all));
  for (size_t i = 0; i < places.size(); ++i) resolved->add_assignment_sets();
  for (const auto& [numbers, place] : places) {
    for (std::string& name : platforms->Names(numbers)) {
      resolved->mutable_assignment_sets(place)->add_platforms(std::move(name));
    }
  }
  return absl::OkStatus();
}

}  // namespace cognate::platform_registry
