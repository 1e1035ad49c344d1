// Whose the records are that a target had before anything was brought to it.
#pragma once

#include "absl/status/status.h"
#include "cognate/v1/ledger_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/ledger/entity_order.h"
#include "services/platform_registry/ledger/model_ids.h"

namespace cognate::platform_registry {

// Thread safe.
//
// A record that is captured on its platform is an entity there, known to nobody else as long as it was
// brought nowhere. Where two such entities turn out to be one, whichever asks first goes on: it gets the
// local id, and the other ends. Both rows are locked meanwhile, so that of two that ask for each other's
// records one ends.
class AdoptStore {
 public:
  explicit AdoptStore(postgres::Pool& pool) : pool_(pool) {}

  // May be repeated with the same arguments. `entities` are those of `request`. Three statements, and three
  // more where entities end.
  absl::Status Adopt(const ModelId& model, const EntityOrder& entities, const v1::AdoptRequest& request,
                     v1::AdoptResponse* response);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::platform_registry
