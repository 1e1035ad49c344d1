#include "services/platform_registry/checks/check_service.h"

namespace cognate::platform_registry {

grpc::Status CheckService::CheckPlatform(grpc::ServerContext* context,
                                         const v1::CheckPlatformRequest* request,
                                         v1::CheckPlatformResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const grpc_support::Rpc& rpc) {
    return platform_registry::CheckPlatform(parts_, *request, rpc.deadline());
  });
}

}  // namespace cognate::platform_registry
