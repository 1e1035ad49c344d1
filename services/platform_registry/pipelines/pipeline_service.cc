#include "services/platform_registry/pipelines/pipeline_service.h"

#include "services/platform_registry/pipelines/pipelines.h"

namespace cognate::platform_registry {

using grpc::ServerContext;
using grpc::Status;
using grpc_support::Rpc;

Status PipelineService::CreatePipeline(ServerContext* context, const v1::CreatePipelineRequest* request,
                                       v1::CreatePipelineResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::CreatePipeline(pipelines_, *request); });
}

Status PipelineService::GetPipeline(ServerContext* context, const v1::GetPipelineRequest* request,
                                    v1::GetPipelineResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::GetPipeline(pipelines_, *request); });
}

Status PipelineService::ListPipelines(ServerContext* context, const v1::ListPipelinesRequest* request,
                                      v1::ListPipelinesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ListPipelines(pipelines_, *request); });
}

Status PipelineService::UpdatePipeline(ServerContext* context, const v1::UpdatePipelineRequest* request,
                                       v1::UpdatePipelineResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::UpdatePipeline(pipelines_, *request); });
}

Status PipelineService::DeletePipeline(ServerContext* context, const v1::DeletePipelineRequest* request,
                                       v1::DeletePipelineResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::DeletePipeline(pipelines_, *request); });
}

}  // namespace cognate::platform_registry
