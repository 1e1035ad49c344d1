// What records hold that are both a source and a target.
#pragma once

#include "absl/status/status.h"
#include "cognate/v1/ledger_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/ledger/entity_order.h"
#include "services/platform_registry/ledger/model_ids.h"

namespace cognate::platform_registry {

// PlanStore::Hold. One statement.
absl::Status HoldVersions(postgres::Pool& pool, const ModelId& model, const SyncId& sync,
                          const EntityOrder& entities, const v1::HeldGroup& group);

}  // namespace cognate::platform_registry
