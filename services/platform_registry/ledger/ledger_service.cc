#include "services/platform_registry/ledger/ledger_service.h"

#include "services/platform_registry/ledger/ledger.h"

namespace cognate::platform_registry {

using grpc::ServerContext;
using grpc::Status;
using grpc_support::Rpc;

Status LedgerService::Resolve(ServerContext* context, const v1::ResolveRequest* request,
                              v1::ResolveResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::Resolve(parts_.ids, parts_.identities, parts_.rules, parts_.assignments,
                                      *request);
  });
}

Status LedgerService::Plan(ServerContext* context, const v1::PlanRequest* request,
                           v1::PlanResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::Plan(parts_.ids, parts_.plans, *request); });
}

Status LedgerService::Settle(ServerContext* context, const v1::SettleRequest* request,
                             v1::SettleResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::Settle(parts_.ids, parts_.settlements, *request);
  });
}

Status LedgerService::Adopt(ServerContext* context, const v1::AdoptRequest* request,
                            v1::AdoptResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::Adopt(parts_.ids, parts_.adoptions, *request);
  });
}

Status LedgerService::ListPending(ServerContext* context, const v1::ListPendingRequest* request,
                                  v1::ListPendingResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ListPending(parts_.queries, *request); });
}

Status LedgerService::GetReplicas(ServerContext* context, const v1::GetReplicasRequest* request,
                                  v1::GetReplicasResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::GetReplicas(parts_.queries, *request); });
}

Status LedgerService::BatchGetReplicas(ServerContext* context, const v1::BatchGetReplicasRequest* request,
                                       v1::BatchGetReplicasResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::BatchGetReplicas(parts_.queries, *request);
  });
}

Status LedgerService::GetReplicaStands(ServerContext* context, const v1::GetReplicaStandsRequest* request,
                                       v1::GetReplicaStandsResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::GetReplicaStands(parts_.ids, parts_.queries, *request);
  });
}

Status LedgerService::CountReplicas(ServerContext* context, const v1::CountReplicasRequest* request,
                                    v1::CountReplicasResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::CountReplicas(parts_.queries, *request); });
}

}  // namespace cognate::platform_registry
