#pragma once

#include "cognate/v1/feedback_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// The RPCs; each is one line. `parts` outlive it.
class FeedbackService final : public v1::FeedbackService::Service {
 public:
  FeedbackService(grpc_support::RpcBoundary& rpcs, const Parts& parts) : rpcs_(rpcs), parts_(parts) {}

  grpc::Status Report(grpc::ServerContext* context, const v1::ReportRequest* request,
                      v1::ReportResponse* response) override;
  grpc::Status Refill(grpc::ServerContext* context, const v1::RefillRequest* request,
                      v1::RefillResponse* response) override;
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override;
  grpc::Status Explain(grpc::ServerContext* context, const v1::ExplainRequest* request,
                       v1::ExplainResponse* response) override;
  grpc::Status GetStats(grpc::ServerContext* context, const v1::GetStatsRequest* request,
                        v1::GetStatsResponse* response) override;
  grpc::Status ListTroubles(grpc::ServerContext* context, const v1::ListTroublesRequest* request,
                            v1::ListTroublesResponse* response) override;
  grpc::Status Redrive(grpc::ServerContext* context, const v1::RedriveRequest* request,
                       v1::RedriveResponse* response) override;
  grpc::Status GroupTroubles(grpc::ServerContext* context, const v1::GroupTroublesRequest* request,
                             v1::GroupTroublesResponse* response) override;
  grpc::Status GetTrouble(grpc::ServerContext* context, const v1::GetTroubleRequest* request,
                          v1::GetTroubleResponse* response) override;
  grpc::Status DiscardTroubles(grpc::ServerContext* context, const v1::DiscardTroublesRequest* request,
                               v1::DiscardTroublesResponse* response) override;
  grpc::Status Release(grpc::ServerContext* context, const v1::ReleaseRequest* request,
                       v1::ReleaseResponse* response) override;
  grpc::Status RetryHeld(grpc::ServerContext* context, const v1::RetryHeldRequest* request,
                         v1::RetryHeldResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  const Parts& parts_;
};

}  // namespace cognate::feedback
