// The sync for the other way of one.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/rules_service.pb.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::ReverseSyncResponse> ReverseSync(SyncStore& store, const v1::ReverseSyncRequest& request);

// The other way of a sync that may name pipelines. References get the models that the catalogues and the
// other syncs tell.
v1::ReverseSyncResponse Reverse(const Configuration& configuration, const v1::Sync& sync);

}  // namespace cognate::platform_registry
