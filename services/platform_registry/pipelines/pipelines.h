// The RPCs of pipelines.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/pipeline_service.pb.h"
#include "services/platform_registry/pipelines/pipeline_store.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::CreatePipelineResponse> CreatePipeline(PipelineStore& store,
                                                          const v1::CreatePipelineRequest& request);
absl::StatusOr<v1::GetPipelineResponse> GetPipeline(PipelineStore& store,
                                                    const v1::GetPipelineRequest& request);
absl::StatusOr<v1::ListPipelinesResponse> ListPipelines(PipelineStore& store,
                                                        const v1::ListPipelinesRequest& request);
absl::StatusOr<v1::UpdatePipelineResponse> UpdatePipeline(PipelineStore& store,
                                                          const v1::UpdatePipelineRequest& request);
absl::StatusOr<v1::DeletePipelineResponse> DeletePipeline(PipelineStore& store,
                                                          const v1::DeletePipelineRequest& request);

}  // namespace cognate::platform_registry
