// Handler of LintSync.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::LintSyncResponse> LintSync(SyncStore& store, bool has_public_url,
                                              const v1::LintSyncRequest& request);

}  // namespace cognate::platform_registry
