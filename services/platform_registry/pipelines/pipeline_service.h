// The table of contents of cognate.v1.PipelineService.
#pragma once

#include "cognate/v1/pipeline_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/platform_registry/pipelines/pipeline_store.h"

namespace cognate::platform_registry {

class PipelineService final : public v1::PipelineService::Service {
 public:
  PipelineService(grpc_support::RpcBoundary& rpcs, PipelineStore& pipelines)
      : rpcs_(rpcs), pipelines_(pipelines) {}

  grpc::Status CreatePipeline(grpc::ServerContext* context, const v1::CreatePipelineRequest* request,
                              v1::CreatePipelineResponse* response) override;
  grpc::Status GetPipeline(grpc::ServerContext* context, const v1::GetPipelineRequest* request,
                           v1::GetPipelineResponse* response) override;
  grpc::Status ListPipelines(grpc::ServerContext* context, const v1::ListPipelinesRequest* request,
                             v1::ListPipelinesResponse* response) override;
  grpc::Status UpdatePipeline(grpc::ServerContext* context, const v1::UpdatePipelineRequest* request,
                              v1::UpdatePipelineResponse* response) override;
  grpc::Status DeletePipeline(grpc::ServerContext* context, const v1::DeletePipelineRequest* request,
                              v1::DeletePipelineResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  PipelineStore& pipelines_;
};

}  // namespace cognate::platform_registry
