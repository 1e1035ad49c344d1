// Whether a sync can work, judged from the whole configuration before it is stored: the earliest place that
// can know.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cognate/v1/sync.pb.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// `configuration.syncs` holds `sync` already, as it is to be. Fills in its title. Errors: INVALID_FIELD with
// every wrong field's path and what to do, MODEL_CANNOT_BE_CAPTURED, FIELD_WRITTEN_TWICE, MAPPING_CYCLE.
// `warnings` gets what works but may surprise, in plain words.
absl::Status CheckSync(const Configuration& configuration, v1::Sync& sync,
                       std::vector<std::string>* warnings);

}  // namespace cognate::platform_registry
