// Which models records come back to: two-way syncs and rings.
#pragma once

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::clients {

using ModelName = std::pair<std::string, std::string>;  // platform, model

// Whether the sync takes changes: it is active and fits its models.
bool TakesChanges(const v1::CompiledSync& compiled);

// The models from which syncs that take changes lead, over others, back to them.
absl::flat_hash_set<ModelName> ModelsOnWaysBack(const v1::Rules& rules);

}  // namespace cognate::clients
