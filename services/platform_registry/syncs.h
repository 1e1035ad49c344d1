// Handlers of the sync RPCs and of GetRules.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "services/platform_registry/ledger/model_ids.h"
#include "services/platform_registry/rules_cache.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::CreateSyncResponse> CreateSync(SyncStore& store, ModelIds& ids, bool has_public_url,
                                                  const v1::CreateSyncRequest& request);
absl::StatusOr<v1::GetSyncResponse> GetSync(SyncStore& store, const v1::GetSyncRequest& request);
absl::StatusOr<v1::ListSyncsResponse> ListSyncs(SyncStore& store, const v1::ListSyncsRequest& request);
absl::StatusOr<v1::UpdateSyncResponse> UpdateSync(SyncStore& store, bool has_public_url,
                                                  const v1::UpdateSyncRequest& request);
absl::StatusOr<v1::DeleteSyncResponse> DeleteSync(SyncStore& store, ModelIds& ids,
                                                  const v1::DeleteSyncRequest& request);
absl::StatusOr<v1::GetRulesResponse> GetRules(RulesCache& rules, const v1::GetRulesRequest& request);

}  // namespace cognate::platform_registry
