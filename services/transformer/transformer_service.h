// The table of contents of cognate.v1.TransformerService.
#pragma once

#include "cognate/v1/transformer_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/transformer/match.h"
#include "services/transformer/preview.h"
#include "services/transformer/rehearse.h"

namespace cognate::transformer {

class TransformerService final : public v1::TransformerService::Service {
 public:
  TransformerService(grpc_support::RpcBoundary& rpcs, PreviewParts parts, RehearseParts rehearse)
      : rpcs_(rpcs), parts_(std::move(parts)), rehearse_(std::move(rehearse)) {}

  grpc::Status Preview(grpc::ServerContext* context, const v1::PreviewRequest* request,
                       v1::PreviewResponse* response) override {
    return rpcs_.Unary(*context, *request, response,
                       [&](const grpc_support::Rpc&) { return transformer::Preview(parts_, *request); });
  }
  grpc::Status Rehearse(grpc::ServerContext* context, const v1::RehearseRequest* request,
                        v1::RehearseResponse* response) override {
    return rpcs_.Unary(*context, *request, response,
                       [&](const grpc_support::Rpc&) { return transformer::Rehearse(rehearse_, *request); });
  }
  grpc::Status MatchRecords(grpc::ServerContext* context, const v1::MatchRecordsRequest* request,
                            v1::MatchRecordsResponse* response) override {
    return rpcs_.Unary(*context, *request, response, [&](const grpc_support::Rpc&) {
      return transformer::MatchRecords(rehearse_, *request);
    });
  }
  grpc::Status CountLeaving(grpc::ServerContext* context, const v1::CountLeavingRequest* request,
                            v1::CountLeavingResponse* response) override {
    return rpcs_.Unary(*context, *request, response, [&](const grpc_support::Rpc&) {
      return transformer::CountLeaving(rehearse_, *request);
    });
  }

 private:
  grpc_support::RpcBoundary& rpcs_;
  const PreviewParts parts_;
  const RehearseParts rehearse_;
};

}  // namespace cognate::transformer
