// Deleted records in the table `replicas`, and the ends of their identities.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/ledger_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/ledger/entity_order.h"
#include "services/platform_registry/ledger/model_ids.h"

namespace cognate::platform_registry {

// PlanStore::Tombstone. One transaction.
absl::Status WriteTombstones(postgres::Pool& pool, const ModelId& model, const EntityOrder& entities,
                             const v1::TombstoneGroup& group);

// Locks the rows of these entities in their source's model: the place in `entities`, from 1,
// `deleted_version`, and whether the record is to go although its platform has not said so, and all others of
// its entity with it.
absl::StatusOr<postgres::Rows> LockSources(postgres::Transaction& transaction, int32_t model_id,
                                           const EntityOrder& entities);

// Ends the identities of these entities where every replica is deleted. For Plan and Settle.
absl::Status EndIdentities(postgres::Transaction& transaction, const EntityOrder& entities);

}  // namespace cognate::platform_registry
