// The table of contents of cognate.v1.LedgerService.
#pragma once

#include "cognate/v1/ledger_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/platform_registry/ledger/adopt_store.h"
#include "services/platform_registry/ledger/entity_assignments.h"
#include "services/platform_registry/ledger/identity_store.h"
#include "services/platform_registry/ledger/model_ids.h"
#include "services/platform_registry/ledger/plan_store.h"
#include "services/platform_registry/ledger/replica_queries.h"
#include "services/platform_registry/ledger/settle_store.h"
#include "services/platform_registry/rules_cache.h"

namespace cognate::platform_registry {

// What the RPCs work with; all outlive the service.
struct LedgerParts {
  ModelIds& ids;
  IdentityStore& identities;
  PlanStore& plans;
  SettleStore& settlements;
  AdoptStore& adoptions;
  ReplicaQueries& queries;
  RulesCache& rules;
  EntityAssignments assignments;
};

class LedgerService final : public v1::LedgerService::Service {
 public:
  LedgerService(grpc_support::RpcBoundary& rpcs, const LedgerParts& parts) : rpcs_(rpcs), parts_(parts) {}

  grpc::Status Resolve(grpc::ServerContext* context, const v1::ResolveRequest* request,
                       v1::ResolveResponse* response) override;
  grpc::Status Plan(grpc::ServerContext* context, const v1::PlanRequest* request,
                    v1::PlanResponse* response) override;
  grpc::Status Settle(grpc::ServerContext* context, const v1::SettleRequest* request,
                      v1::SettleResponse* response) override;
  grpc::Status Adopt(grpc::ServerContext* context, const v1::AdoptRequest* request,
                     v1::AdoptResponse* response) override;
  grpc::Status ListPending(grpc::ServerContext* context, const v1::ListPendingRequest* request,
                           v1::ListPendingResponse* response) override;
  grpc::Status GetReplicas(grpc::ServerContext* context, const v1::GetReplicasRequest* request,
                           v1::GetReplicasResponse* response) override;
  grpc::Status BatchGetReplicas(grpc::ServerContext* context, const v1::BatchGetReplicasRequest* request,
                                v1::BatchGetReplicasResponse* response) override;
  grpc::Status GetReplicaStands(grpc::ServerContext* context, const v1::GetReplicaStandsRequest* request,
                                v1::GetReplicaStandsResponse* response) override;
  grpc::Status CountReplicas(grpc::ServerContext* context, const v1::CountReplicasRequest* request,
                             v1::CountReplicasResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  const LedgerParts parts_;
};

}  // namespace cognate::platform_registry
