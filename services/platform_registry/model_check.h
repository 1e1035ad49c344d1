// Whether models that somebody describes can be stored.
#pragma once

#include "absl/status/status.h"
#include "cognate/v1/platform_registry_service.pb.h"

namespace cognate::platform_registry {

// INVALID_FIELD with every wrong field's path: names that are missing or come twice, and keys, references,
// pairs, files and titles that name fields which the model does not have.
absl::Status CheckModels(const v1::PutModelsRequest& request);

}  // namespace cognate::platform_registry
