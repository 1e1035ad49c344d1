// What replicas of delivery ask each other. Thread safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/delivery_service.pb.h"
#include "common/grpc/rpc.h"

namespace cognate::delivery {

class ReplicaClient {
 public:
  ReplicaClient();
  ~ReplicaClient();

  // Of the replica at `address`, in the name of the call under way. Each is made once.
  absl::StatusOr<v1::PullResponse> Pull(const std::string& address, const v1::PullRequest& request,
                                        const grpc_support::Rpc& rpc);
  absl::StatusOr<v1::DeliveryServiceReportResponse> Report(const std::string& address,
                                                           const v1::DeliveryServiceReportRequest& request,
                                                           const grpc_support::Rpc& rpc);

 private:
  struct Peers;
  const std::unique_ptr<Peers> peers_;
};

}  // namespace cognate::delivery
