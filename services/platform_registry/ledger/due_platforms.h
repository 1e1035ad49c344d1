#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/due_service.pb.h"
#include "common/postgres/pool.h"

namespace cognate::platform_registry {

// Costs a look at the index of plan batches for each platform that has some, and nothing for the others,
// however many are asked about.
absl::StatusOr<v1::ListDuePlatformsResponse> ListDuePlatforms(postgres::Pool& pool,
                                                              const v1::ListDuePlatformsRequest& request);

}  // namespace cognate::platform_registry
