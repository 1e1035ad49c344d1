// Models with an expansion on their way into the catalogue. Pure functions.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// Judges those of `models` that have an expansion within `stored` as it would be with them, all at once, and
// completes them. INVALID_FIELD with paths such as `models[0].expansion.field`.
absl::Status PrepareExpansions(Configuration stored, absl::string_view platform,
                               std::vector<v1::Model>* models);

}  // namespace cognate::platform_registry
