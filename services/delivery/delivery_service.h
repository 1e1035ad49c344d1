// The table of contents of cognate.v1.DeliveryService.
#pragma once

#include "cognate/v1/delivery_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/delivery/agent_channel/agent_calls.h"
#include "services/delivery/lane_manager.h"
#include "services/delivery/lease_store.h"
#include "services/delivery/list_lanes.h"

namespace cognate::delivery {

class DeliveryService final
    : public v1::DeliveryService::WithCallbackMethod_Pull<v1::DeliveryService::Service> {
 public:
  DeliveryService(grpc_support::RpcBoundary& rpcs, const LaneManager& manager, LeaseStore& leases,
                  const LaneContext& context, AgentCalls& agents, grpc_support::WaitingCalls& waiting)
      : rpcs_(rpcs),
        manager_(manager),
        leases_(leases),
        context_(context),
        agents_(agents),
        waiting_(waiting) {}

  grpc::Status ListLanes(grpc::ServerContext* context, const v1::ListLanesRequest* request,
                         v1::ListLanesResponse* response) override {
    return rpcs_.Unary(*context, *request, response, [&](const grpc_support::Rpc&) {
      return delivery::ListLanes(manager_, leases_, context_, *request);
    });
  }

  grpc::ServerUnaryReactor* Pull(grpc::CallbackServerContext* context, const v1::PullRequest* request,
                                 v1::PullResponse* response) override {
    return rpcs_.Waiting(waiting_, request->platform(), *context, *request, response,
                         [pull = agents_.Pull(*request)](const grpc_support::Rpc& rpc) { return pull(rpc); });
  }
  grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeRequest* request,
                         grpc::ServerWriter<v1::SubscribeResponse>* writer) override {
    return rpcs_.ServerStream(
        *context, *request, writer,
        [&](const grpc_support::Rpc& rpc, grpc_support::Sink<v1::SubscribeResponse>& sink) {
          return agents_.Subscribe(*request, rpc, sink);
        });
  }
  grpc::Status Report(grpc::ServerContext* context, const v1::DeliveryServiceReportRequest* request,
                      v1::DeliveryServiceReportResponse* response) override {
    return rpcs_.Unary(*context, *request, response,
                       [&](const grpc_support::Rpc& rpc) { return agents_.Report(*request, rpc); });
  }

 private:
  grpc_support::RpcBoundary& rpcs_;
  const LaneManager& manager_;
  LeaseStore& leases_;
  const LaneContext& context_;
  AgentCalls& agents_;
  grpc_support::WaitingCalls& waiting_;
};

}  // namespace cognate::delivery
