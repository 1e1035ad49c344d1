// A ledger for tests that remembers who is who.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cognate/v1/ledger_service.pb.h"

namespace cognate::transformer {

// Everything is due but what is left as it is. Every other record is assigned to platform b.
class MemoryLedger {
 public:
  using Key = std::tuple<std::string, std::string, std::string>;

  v1::ResolveResponse Resolve(const v1::ResolveRequest& request) {
    v1::ResolveResponse response;
    for (const v1::ResolveGroup& group : request.groups()) {
      v1::ResolvedGroup* const resolved = response.add_groups();
      resolved->add_assignment_sets();
      resolved->add_assignment_sets()->add_platforms("b");
      for (const std::string& id : group.local_ids()) {
        const auto known = entities_.find({group.platform(), group.model(), id});
        std::string entity = known == entities_.end() ? "" : known->second;
        if (entity.empty() && group.create())
          entity = entities_[{group.platform(), group.model(), id}] = NewEntity();
        resolved->add_entity_ids(entity);
        resolved->add_fingerprints();
        resolved->add_assignment_places(static_cast<int>(id.size() + id.back()) % 2);
        if (group.target_model().empty()) continue;
        const auto there = local_ids_.find({group.target_platform(), group.target_model(), entity});
        resolved->add_target_local_ids(there == local_ids_.end() ? "" : there->second);
      }
    }
    return response;
  }

  v1::PlanResponse Plan(const v1::PlanRequest& request) {
    v1::PlanResponse response;
    for (const v1::PlanGroup& group : request.groups()) {
      v1::PlannedGroup* const planned = response.add_groups();
      for (int i = 0; i < group.entity_ids_size(); ++i) {
        const v1::LeaveAction leave =
            i < group.leaves_size() ? group.leaves(i) : v1::LEAVE_ACTION_UNSPECIFIED;
        const bool stays = leave == v1::LEAVE_ACTION_KEEP || leave == v1::LEAVE_ACTION_DETACH;
        planned->add_decisions(stays ? v1::PLAN_DECISION_APPLIED : v1::PLAN_DECISION_DUE);
        planned->add_local_ids();
        asked.push_back({group.platform(), group.model(), group.entity_ids(i), stays});
      }
    }
    return response;
  }

  struct Asked {
    std::string platform, model, entity_id;
    bool stays = false;
  };
  std::vector<Asked> asked;  // by Plan

  void Settle(const std::string& platform, const std::string& model, const std::string& entity) {
    local_ids_[{platform, model, entity}] = absl::StrCat("9", local_ids_.size());
  }
  std::string EntityOf(const std::string& model, const std::string& id) const {
    return entities_.at({"a", model, id});
  }

 private:
  std::string NewEntity() {
    std::string entity = absl::StrCat("entity", entities_.size());
    entity.resize(16, '.');
    return entity;
  }
  std::map<Key, std::string> entities_, local_ids_;
};

}  // namespace cognate::transformer
