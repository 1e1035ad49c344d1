// The table of contents of cognate.v1.DeliveryService.
#pragma once

#include "cognate/v1/delivery_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/delivery/lane_manager.h"
#include "services/delivery/lease_store.h"
#include "services/delivery/list_lanes.h"

namespace cognate::delivery {

class DeliveryService final : public v1::DeliveryService::Service {
 public:
  DeliveryService(grpc_support::RpcBoundary& rpcs, const LaneManager& manager, LeaseStore& leases,
                  const LaneContext& context)
      : rpcs_(rpcs), manager_(manager), leases_(leases), context_(context) {}

  grpc::Status ListLanes(grpc::ServerContext* context, const v1::ListLanesRequest* request,
                         v1::ListLanesResponse* response) override {
    return rpcs_.Unary(*context, "ListLanes", response, [&](const grpc_support::Rpc&) {
      return delivery::ListLanes(manager_, leases_, context_, *request);
    });
  }

 private:
  grpc_support::RpcBoundary& rpcs_;
  const LaneManager& manager_;
  LeaseStore& leases_;
  const LaneContext& context_;
};

}  // namespace cognate::delivery
