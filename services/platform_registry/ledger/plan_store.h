// Desired versions in the table `replicas`.
#pragma once

#include "absl/status/status.h"
#include "cognate/v1/ledger_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/ledger/entity_order.h"
#include "services/platform_registry/ledger/model_ids.h"

namespace cognate::platform_registry {

// Thread safe. Every method may be repeated with the same arguments.
class PlanStore {
 public:
  explicit PlanStore(postgres::Pool& pool) : pool_(pool) {}

  // Raises desired versions and fills in `planned`. `entities` are those of `group`. One statement, unless
  // something is stale, applied already, or comes back after a delete. ENTITY_ENDED when an entity's source
  // record was deleted before a version that is to be written: the caller must resolve again.
  absl::Status Plan(const ModelId& model, const SyncId& sync, const EntityOrder& entities,
                    const v1::PlanGroup& group, v1::PlannedGroup* planned);

  // Notes what records of a target model hold by themselves. A row that has an older version has this one;
  // one over whose version an older one was written afterwards is due again.
  absl::Status Hold(const ModelId& model, const SyncId& sync, const EntityOrder& entities,
                    const v1::HeldGroup& group);

  // Marks source records as deleted, unless the entity has gone on meanwhile, and ends the identities of
  // those that are gone everywhere. An identity does not end while one of its replicas is still to be
  // deleted: until then it can be found, and replayed, by its local id; a record that comes again under this
  // id goes on as the same entity. ENTITY_ENDED when one has ended before its version: that delete is of the
  // entity that has the local id next.
  absl::Status Tombstone(const ModelId& model, const EntityOrder& entities, const v1::TombstoneGroup& group);

 private:
  // Of those that are in scope, or deleted.
  absl::Status PlanScoped(const ModelId& model, const SyncId& sync, const EntityOrder& entities,
                          const v1::PlanGroup& group, v1::PlannedGroup* planned);

  postgres::Pool& pool_;
};

}  // namespace cognate::platform_registry
