// Versions in which a record is out of scope.
#pragma once

#include "absl/status/status.h"
#include "cognate/v1/ledger_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/ledger/entity_order.h"
#include "services/platform_registry/ledger/model_ids.h"

namespace cognate::platform_registry {

// Raises the desired versions of `entities`, all of which have a leave action in `group`, and fills in their
// decisions. A target that never had the record, or has deleted it, has nothing to do (APPLIED); so has one
// that keeps it. May be repeated.
absl::Status PlanLeaving(postgres::Pool& pool, const ModelId& model, const SyncId& sync,
                         const EntityOrder& entities, const v1::PlanGroup& group, v1::PlannedGroup* planned);

}  // namespace cognate::platform_registry
