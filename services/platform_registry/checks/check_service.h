// The table of contents of cognate.v1.CheckService.
#pragma once

#include "cognate/v1/check_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/platform_registry/checks/check_platform.h"

namespace cognate::platform_registry {

class CheckService final : public v1::CheckService::Service {
 public:
  CheckService(grpc_support::RpcBoundary& rpcs, const CheckParts& parts) : rpcs_(rpcs), parts_(parts) {}

  grpc::Status CheckPlatform(grpc::ServerContext* context, const v1::CheckPlatformRequest* request,
                             v1::CheckPlatformResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  const CheckParts parts_;
};

}  // namespace cognate::platform_registry
