#include "services/platform_registry/concern.h"

#include <algorithm>

#include "services/platform_registry/chain_fields.h"

namespace cognate::platform_registry {
namespace {

bool HasConditions(const v1::Sync& sync) {
  return !sync.filter().empty() || !sync.transforms().empty() || !sync.before().empty() ||
         !sync.after().empty();
}

}  // namespace

void Concern::Add(const Concern& other) {
  everything |= other.everything;
  platforms.insert(other.platforms.begin(), other.platforms.end());
  ways.insert(other.ways.begin(), other.ways.end());
  pipelines.insert(other.pipelines.begin(), other.pipelines.end());
  platforms_came |= other.platforms_came;
  platforms_went |= other.platforms_went;
}

bool Concern::Has(const v1::Sync& sync) const {
  if (everything || platforms.contains(sync.source_platform()) || platforms.contains(sync.target_platform()))
    return true;
  if (!ways.empty() && ways.contains({sync.source_platform(), sync.target_platform()})) return true;
  if (platforms_went && HasConditions(sync)) return true;
  if (platforms_came && !sync.broken().empty() && HasConditions(sync)) return true;
  return std::any_of(pipelines.begin(), pipelines.end(),
                     [&](const std::string& pipeline) { return NamesPipeline(sync, pipeline); });
}

}  // namespace cognate::platform_registry
