// What the table `replicas` tells about records, targets and syncs.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/ledger_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/ledger/entity_order.h"
#include "services/platform_registry/ledger/model_ids.h"

namespace cognate::platform_registry {

// Thread safe.
class ReplicaQueries {
 public:
  explicit ReplicaQueries(postgres::Pool& pool) : pool_(pool) {}

  // Due by active syncs and not parked, oldest plan first.
  absl::StatusOr<v1::ListPendingResponse> ListPending(absl::string_view platform, absl::Time planned_before,
                                                      int limit);
  // Of the entity that has, or had last, this local id. RECORD_UNKNOWN.
  absl::StatusOr<v1::GetReplicasResponse> GetReplicas(const v1::RecordKey& record);
  // Of each of these, by entity, platform and model.
  absl::StatusOr<v1::BatchGetReplicasResponse> BatchGetReplicas(const EntityOrder& entities);
  // How these entities stand on one model, in the order of their places; nothing of those that it does not
  // know.
  absl::Status GetStands(const ModelId& model, const EntityOrder& entities,
                         v1::GetReplicaStandsResponse* response);
  // By sync; of one if `sync` (an id) is not empty. Syncs without replicas count, too.
  absl::StatusOr<v1::CountReplicasResponse> CountReplicas(absl::string_view sync);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::platform_registry
