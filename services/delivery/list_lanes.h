#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/delivery_service.pb.h"
#include "common/redis/client.h"
#include "services/delivery/lane_manager.h"
#include "services/delivery/lease_store.h"

namespace cognate::delivery {

// Every lane that was ever owned, by platform. Of a lane that another process owns only what Redis and the
// leases know.
absl::StatusOr<v1::ListLanesResponse> ListLanes(const LaneManager& manager, LeaseStore& leases,
                                                const LaneContext& context,
                                                const v1::ListLanesRequest& request);

}  // namespace cognate::delivery
