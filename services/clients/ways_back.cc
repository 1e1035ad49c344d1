#include "services/clients/ways_back.h"

#include <vector>

#include "absl/container/flat_hash_map.h"

namespace cognate::clients {
namespace {

using Ways = absl::flat_hash_map<ModelName, std::vector<ModelName>>;

bool LeadsBack(const Ways& ways, const ModelName& start) {
  std::vector<ModelName> open = {start};
  absl::flat_hash_set<ModelName> seen;
  while (!open.empty()) {
    const auto from = ways.find(open.back());
    open.pop_back();
    if (from == ways.end()) continue;
    for (const ModelName& next : from->second) {
      if (next == start) return true;
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return false;
}

}  // namespace

bool TakesChanges(const v1::CompiledSync& compiled) {
  return compiled.sync().status() != v1::SYNC_STATUS_PAUSED && compiled.broken().empty();
}

absl::flat_hash_set<ModelName> ModelsOnWaysBack(const v1::Rules& rules) {
  Ways ways;
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    const v1::Sync& sync = compiled.sync();
    if (!TakesChanges(compiled)) continue;
    ways[{sync.source_platform(), sync.source_model()}].emplace_back(sync.target_platform(),
                                                                     sync.target_model());
  }
  absl::flat_hash_set<ModelName> models;
  for (const auto& [model, targets] : ways) {
    if (LeadsBack(ways, model)) models.insert(model);
  }
  return models;
}

}  // namespace cognate::clients
