// What a change of a sync's rules would take away from its target is counted before it goes (`Sync.guard`).
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/rules_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {

// Whether records that are in scope by the one rules may be out by the others, or be left otherwise. Chains
// are not looked at: what they pass over stays where it is.
bool MayTakeAway(const v1::Sync& before, const v1::Sync& after);

// In the transaction that changes a sync: nothing leaves by the new rules until it was counted. `before`
// carries the guard that there was. Once counting has begun it goes to its end, whatever is changed
// meanwhile, so that what was held back in the meantime is delivered.
absl::Status GuardChange(postgres::Transaction& transaction, absl::string_view sync, const v1::Sync& before,
                         const v1::Sync& after);

// The RPCs. Each raises the rules' revision where it changes anything.
absl::StatusOr<v1::SetLeaveGuardResponse> SetLeaveGuard(SyncStore& store,
                                                        const v1::SetLeaveGuardRequest& request);
absl::StatusOr<v1::ApproveSyncResponse> ApproveSync(SyncStore& store, const v1::ApproveSyncRequest& request);

}  // namespace cognate::platform_registry
