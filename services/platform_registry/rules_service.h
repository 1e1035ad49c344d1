// The table of contents of cognate.v1.RulesService.
#pragma once

#include "cognate/v1/rules_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {

class RulesService final : public v1::RulesService::Service {
 public:
  RulesService(grpc_support::RpcBoundary& rpcs, SyncStore& syncs) : rpcs_(rpcs), syncs_(syncs) {}

  grpc::Status ReverseSync(grpc::ServerContext* context, const v1::ReverseSyncRequest* request,
                           v1::ReverseSyncResponse* response) override;
  grpc::Status ApproveSync(grpc::ServerContext* context, const v1::ApproveSyncRequest* request,
                           v1::ApproveSyncResponse* response) override;
  grpc::Status SetLeaveGuard(grpc::ServerContext* context, const v1::SetLeaveGuardRequest* request,
                             v1::SetLeaveGuardResponse* response) override;
  grpc::Status CompileRules(grpc::ServerContext* context, const v1::CompileRulesRequest* request,
                            v1::CompileRulesResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  SyncStore& syncs_;
};

}  // namespace cognate::platform_registry
