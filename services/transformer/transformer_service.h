// The table of contents of cognate.v1.TransformerService.
#pragma once

#include "cognate/v1/transformer_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/transformer/preview.h"

namespace cognate::transformer {

class TransformerService final : public v1::TransformerService::Service {
 public:
  TransformerService(grpc_support::RpcBoundary& rpcs, PreviewParts parts)
      : rpcs_(rpcs), parts_(std::move(parts)) {}

  grpc::Status Preview(grpc::ServerContext* context, const v1::PreviewRequest* request,
                       v1::PreviewResponse* response) override {
    return rpcs_.Unary(*context, "Preview", response,
                       [&](const grpc_support::Rpc&) { return transformer::Preview(parts_, *request); });
  }

 private:
  grpc_support::RpcBoundary& rpcs_;
  const PreviewParts parts_;
};

}  // namespace cognate::transformer
