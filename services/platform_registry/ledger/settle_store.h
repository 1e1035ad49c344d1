// Applied versions in the table `replicas`.
#pragma once

#include "absl/status/status.h"
#include "cognate/v1/ledger_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/ledger/entity_order.h"
#include "services/platform_registry/ledger/model_ids.h"
#include "services/platform_registry/rules_cache.h"

namespace cognate::platform_registry {

// Thread safe.
//
// A target gives a local id to one record at a time. Where two entities claim the same one, and the one that
// has it is known there alone, because its record was captured there, the two are one, as in AdoptStore: it
// ends, and what was due elsewhere for it is due for the other. A claim of one that has ended so meanwhile is
// of the other: what was written is written to that one's record. Of two that are known elsewhere the newer
// version has it: the older one was deleted there without our knowledge. If its delete was on the way, that
// is settled with it; else it keeps its versions and loses its local id, for a person or a repair to find. An
// older claim that comes late is applied without it.
//
// Where a platform says itself what becomes of its records (RulesCache::ComesBack), the identity of one that
// a delivery deleted ends with what it says (PlanStore::Tombstone): edits that were made there before the
// delete came, and are captured only now, are still those of this entity.
class SettleStore {
 public:
  SettleStore(postgres::Pool& pool, RulesCache& rules) : pool_(pool), rules_(rules) {}

  // May be repeated with the same arguments; older never overwrites newer. `entities` are those of `group`.
  // One statement, two and the ends of identities where there are deletes, single ones where local ids are in
  // dispute.
  absl::Status Settle(const ModelId& model, const EntityOrder& entities, const v1::SettleGroup& group);

 private:
  postgres::Pool& pool_;
  RulesCache& rules_;
};

}  // namespace cognate::platform_registry
