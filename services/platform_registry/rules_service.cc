#include "services/platform_registry/rules_service.h"

#include "services/platform_registry/compile_rules.h"
#include "services/platform_registry/leave_guard.h"
#include "services/platform_registry/reverse.h"

namespace cognate::platform_registry {

using grpc::ServerContext;
using grpc::Status;
using grpc_support::Rpc;

Status RulesService::ReverseSync(ServerContext* context, const v1::ReverseSyncRequest* request,
                                 v1::ReverseSyncResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ReverseSync(syncs_, *request); });
}

Status RulesService::ApproveSync(ServerContext* context, const v1::ApproveSyncRequest* request,
                                 v1::ApproveSyncResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ApproveSync(syncs_, *request); });
}

Status RulesService::SetLeaveGuard(ServerContext* context, const v1::SetLeaveGuardRequest* request,
                                   v1::SetLeaveGuardResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::SetLeaveGuard(syncs_, *request); });
}

Status RulesService::CompileRules(ServerContext* context, const v1::CompileRulesRequest* request,
                                  v1::CompileRulesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::CompileRules(syncs_, *request); });
}

}  // namespace cognate::platform_registry
