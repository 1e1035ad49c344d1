// Handlers of the ledger RPCs.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/ledger_service.pb.h"
#include "services/platform_registry/ledger/adopt_store.h"
#include "services/platform_registry/ledger/entity_assignments.h"
#include "services/platform_registry/ledger/identity_store.h"
#include "services/platform_registry/ledger/model_ids.h"
#include "services/platform_registry/ledger/plan_store.h"
#include "services/platform_registry/ledger/replica_queries.h"
#include "services/platform_registry/ledger/settle_store.h"
#include "services/platform_registry/rules_cache.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::ResolveResponse> Resolve(ModelIds& ids, IdentityStore& store, RulesCache& rules,
                                            const EntityAssignments& assignments,
                                            const v1::ResolveRequest& request);
absl::StatusOr<v1::PlanResponse> Plan(ModelIds& ids, PlanStore& store, const v1::PlanRequest& request);
absl::StatusOr<v1::SettleResponse> Settle(ModelIds& ids, SettleStore& store,
                                          const v1::SettleRequest& request);
absl::StatusOr<v1::AdoptResponse> Adopt(ModelIds& ids, AdoptStore& store, const v1::AdoptRequest& request);

absl::StatusOr<v1::ListPendingResponse> ListPending(ReplicaQueries& queries,
                                                    const v1::ListPendingRequest& request);
absl::StatusOr<v1::GetReplicasResponse> GetReplicas(ReplicaQueries& queries,
                                                    const v1::GetReplicasRequest& request);
absl::StatusOr<v1::BatchGetReplicasResponse> BatchGetReplicas(ReplicaQueries& queries,
                                                              const v1::BatchGetReplicasRequest& request);
absl::StatusOr<v1::GetReplicaStandsResponse> GetReplicaStands(ModelIds& ids, ReplicaQueries& queries,
                                                              const v1::GetReplicaStandsRequest& request);
absl::StatusOr<v1::CountReplicasResponse> CountReplicas(ReplicaQueries& queries,
                                                        const v1::CountReplicasRequest& request);

}  // namespace cognate::platform_registry
