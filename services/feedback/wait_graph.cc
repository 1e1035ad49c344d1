#include "services/feedback/wait_graph.h"

#include <algorithm>
#include <utility>

namespace cognate::feedback {

void WaitGraph::Add(Trouble trouble) {
  if (!trouble.blocks()) return;
  asked_[trouble.key] = true;
  if (asked_.try_emplace(trouble.awaited(), true).second) unknown_.push_back(trouble.awaited());
  TroubleKey key = trouble.key;
  blocked_.insert_or_assign(std::move(key), std::move(trouble));
}

std::vector<TroubleKey> WaitGraph::TakeUnknown() {
  std::vector<TroubleKey> unknown = std::exchange(unknown_, {});
  std::erase_if(unknown, [&](const TroubleKey& key) { return blocked_.contains(key); });
  return unknown;
}

std::vector<std::vector<const Trouble*>> WaitGraph::Cycles() const {
  std::vector<std::vector<const Trouble*>> cycles;
  absl::flat_hash_map<const Trouble*, int> walk_of;  // In which walk each was met first.
  int walk = 0;
  for (const auto& [start_key, start] : blocked_) {
    ++walk;
    const Trouble* at = &start;
    while (at != nullptr && walk_of.try_emplace(at, walk).second) {
      const auto next = blocked_.find(at->awaited());
      at = next == blocked_.end() ? nullptr : &next->second;
    }
    if (at == nullptr || walk_of[at] != walk) continue;
    std::vector<const Trouble*> cycle;
    const Trouble* member = at;
    do {
      cycle.push_back(member);
      member = &blocked_.at(member->awaited());
    } while (member != at);
    const auto smallest = std::min_element(
        cycle.begin(), cycle.end(), [](const Trouble* a, const Trouble* b) { return a->key < b->key; });
    std::rotate(cycle.begin(), smallest, cycle.end());
    cycles.push_back(std::move(cycle));
  }
  std::sort(cycles.begin(), cycles.end(), [](const auto& a, const auto& b) { return a[0]->key < b[0]->key; });
  return cycles;
}

}  // namespace cognate::feedback
