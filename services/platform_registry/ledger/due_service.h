// The table of contents of cognate.v1.DueService.
#pragma once

#include "cognate/v1/due_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/platform_registry/ledger/due_platforms.h"

namespace cognate::platform_registry {

class DueService final : public v1::DueService::Service {
 public:
  DueService(grpc_support::RpcBoundary& rpcs, postgres::Pool& pool) : rpcs_(rpcs), pool_(pool) {}

  grpc::Status ListDuePlatforms(grpc::ServerContext* context, const v1::ListDuePlatformsRequest* request,
                                v1::ListDuePlatformsResponse* response) override {
    return rpcs_.Unary(*context, *request, response, [&](const grpc_support::Rpc&) {
      return platform_registry::ListDuePlatforms(pool_, *request);
    });
  }

 private:
  grpc_support::RpcBoundary& rpcs_;
  postgres::Pool& pool_;
};

}  // namespace cognate::platform_registry
