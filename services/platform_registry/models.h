// Handlers of the catalogue RPCs.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "services/platform_registry/model_store.h"
#include "services/platform_registry/platform_store.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::AnalyzeModelsResponse> AnalyzeModels(PlatformStore& platforms, ModelStore& models,
                                                        const v1::AnalyzeModelsRequest& request);
absl::StatusOr<v1::PutModelsResponse> PutModels(PlatformStore& platforms, ModelStore& models,
                                                const v1::PutModelsRequest& request);
absl::StatusOr<v1::UpdateModelResponse> UpdateModel(ModelStore& models,
                                                    const v1::UpdateModelRequest& request);
absl::StatusOr<v1::GetModelResponse> GetModel(ModelStore& models, const v1::GetModelRequest& request);
absl::StatusOr<v1::ListModelsResponse> ListModels(ModelStore& models, const v1::ListModelsRequest& request);

}  // namespace cognate::platform_registry
