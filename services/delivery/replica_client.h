// What replicas of delivery ask each other. Thread safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/delivery_service.pb.h"
#include "common/grpc/call_under_way.h"
#include "common/grpc/rpc.h"

namespace cognate::delivery {

class ReplicaClient {
 public:
  ReplicaClient();
  ~ReplicaClient();

  // Of the replica at `address`, in the name of the call under way. Each is made once.
  // Holds no thread meanwhile.
  std::shared_ptr<grpc_support::CallUnderWay<v1::PullResponse>> BeginPull(const std::string& address,
                                                                          const v1::PullRequest& request,
                                                                          const grpc_support::Rpc& rpc,
                                                                          std::function<void()> on_end);
  // Until it ends there, or the one who asked here takes no more.
  absl::Status Subscribe(const std::string& address, const v1::SubscribeRequest& request,
                         const grpc_support::Rpc& rpc, grpc_support::Sink<v1::SubscribeResponse>& sink);
  absl::StatusOr<v1::DeliveryServiceReportResponse> Report(const std::string& address,
                                                           const v1::DeliveryServiceReportRequest& request,
                                                           const grpc_support::Rpc& rpc);

 private:
  struct Peers;
  const std::unique_ptr<Peers> peers_;
};

}  // namespace cognate::delivery
