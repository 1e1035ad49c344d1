#include "services/delivery/references.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

constexpr int kMaxResolved = 10'000;  // in one request

// Entities that are asked for, by model.
using Unknown = absl::flat_hash_map<std::string, std::vector<std::string>>;

Unknown CollectUnknown(Round& round, bool own_ids) {
  absl::flat_hash_set<std::pair<absl::string_view, absl::string_view>> seen;
  Unknown unknown;
  const auto add = [&](const std::string& entity_id, const std::string& model) {
    if (!model.empty() && seen.emplace(entity_id, model).second) unknown[model].push_back(entity_id);
  };
  for (const RoundItem& item : round.items()) {
    for (const v1::Reference* reference : item.missing) add(reference->entity_id(), reference->model());
    if (own_ids && item.delivery->local_id().empty()) add(item.delivery->entity_id(), item.group->model());
  }
  return unknown;
}

}  // namespace

AppliedCache::Key AppliedCache::KeyOf(absl::string_view entity_id, absl::string_view model) {
  const uint32_t number = models_.try_emplace(model, static_cast<uint32_t>(models_.size())).first->second;
  return {Uuid::FromBytes(entity_id).value_or(Uuid()), number};
}

void AppliedCache::Put(absl::string_view entity_id, absl::string_view model, absl::string_view local_id) {
  if (young_.size() >= half_) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_[KeyOf(entity_id, model)] = std::string(local_id);
}

absl::string_view AppliedCache::Get(absl::string_view entity_id, absl::string_view model) {
  const Key key = KeyOf(entity_id, model);
  if (const auto found = young_.find(key); found != young_.end()) return found->second;
  const auto found = old_.find(key);
  if (found == old_.end()) return "";
  return young_[key] = std::move(found->second);
}

void AppliedCache::Erase(absl::string_view entity_id, absl::string_view model) {
  const Key key = KeyOf(entity_id, model);
  young_.erase(key);
  old_.erase(key);
}

void References::Fill(RoundItem& item) {
  const auto known = [this](v1::Reference* reference) {
    const absl::string_view local_id = cache_.Get(reference->entity_id(), reference->model());
    if (!local_id.empty()) reference->set_local_id(std::string(local_id));
    return !local_id.empty();
  };
  item.missing.erase(std::remove_if(item.missing.begin(), item.missing.end(), known), item.missing.end());
}

void References::FillOwnId(RoundItem& item) {
  if (!item.delivery->local_id().empty()) return;
  item.delivery->set_local_id(std::string(cache_.Get(item.delivery->entity_id(), item.group->model())));
}

absl::Status References::FillFromLedger(Round& round, bool own_ids) {
  const auto fill_all = [&] {
    for (RoundItem& item : round.items()) {
      if (!item.missing.empty()) Fill(item);
      if (own_ids) FillOwnId(item);
    }
  };
  fill_all();
  for (const auto& [model, entities] : CollectUnknown(round, own_ids)) {
    for (size_t begin = 0; begin < entities.size(); begin += kMaxResolved) {
      const size_t end = std::min<size_t>(entities.size(), begin + kMaxResolved);
      v1::ResolveRequest request;
      v1::ResolveGroup* group = request.add_groups();
      group->set_target_platform(platform_);
      group->set_target_model(model);
      for (size_t i = begin; i < end; ++i) group->add_entity_ids(entities[i]);
      ASSIGN_OR_RETURN(const v1::ResolveResponse response, registry_.Resolve(request));
      if (response.groups_size() != 1)
        return absl::InternalError("Resolve answered another number of groups");
      const auto& local_ids = response.groups(0).target_local_ids();
      for (int i = 0; i < local_ids.size(); ++i) {
        if (!local_ids[i].empty()) cache_.Put(entities[begin + static_cast<size_t>(i)], model, local_ids[i]);
      }
    }
  }
  fill_all();
  return absl::OkStatus();
}

void References::Learn(const v1::Outcome& outcome) {
  if (outcome.status() != v1::OUTCOME_STATUS_APPLIED && outcome.status() != v1::OUTCOME_STATUS_INCOMPLETE)
    return;
  if (outcome.local_id().empty()) {
    cache_.Erase(outcome.entity_id(), outcome.model());
  } else {
    cache_.Put(outcome.entity_id(), outcome.model(), outcome.local_id());
  }
}

}  // namespace cognate::delivery
