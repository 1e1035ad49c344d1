#include "services/platform_registry/platform_registry_service.h"

#include "services/platform_registry/compare.h"
#include "services/platform_registry/lint.h"
#include "services/platform_registry/models.h"
#include "services/platform_registry/platforms.h"
#include "services/platform_registry/syncs.h"

namespace cognate::platform_registry {

using grpc::ServerContext;
using grpc::Status;
using grpc_support::Rpc;

Status PlatformRegistryService::CreatePlatform(ServerContext* context,
                                               const v1::CreatePlatformRequest* request,
                                               v1::CreatePlatformResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::CreatePlatform(parts_.platforms, *request);
  });
}

Status PlatformRegistryService::GetPlatform(ServerContext* context, const v1::GetPlatformRequest* request,
                                            v1::GetPlatformResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::GetPlatform(parts_.platforms, *request); });
}

Status PlatformRegistryService::ListPlatforms(ServerContext* context, const v1::ListPlatformsRequest* request,
                                              v1::ListPlatformsResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::ListPlatforms(parts_.platforms, *request);
  });
}

Status PlatformRegistryService::UpdatePlatform(ServerContext* context,
                                               const v1::UpdatePlatformRequest* request,
                                               v1::UpdatePlatformResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::UpdatePlatform(parts_.platforms, parts_.clock, *request);
  });
}

Status PlatformRegistryService::DeletePlatform(ServerContext* context,
                                               const v1::DeletePlatformRequest* request,
                                               v1::DeletePlatformResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::DeletePlatform(parts_.platforms, parts_.ids, *request);
  });
}

Status PlatformRegistryService::AnalyzeModels(ServerContext* context, const v1::AnalyzeModelsRequest* request,
                                              v1::AnalyzeModelsResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::AnalyzeModels(parts_.platforms, parts_.models, *request);
  });
}

Status PlatformRegistryService::PutModels(ServerContext* context, const v1::PutModelsRequest* request,
                                          v1::PutModelsResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::PutModels(parts_.platforms, parts_.models, *request);
  });
}

Status PlatformRegistryService::UpdateModel(ServerContext* context, const v1::UpdateModelRequest* request,
                                            v1::UpdateModelResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::UpdateModel(parts_.models, *request); });
}

Status PlatformRegistryService::GetModel(ServerContext* context, const v1::GetModelRequest* request,
                                         v1::GetModelResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::GetModel(parts_.models, *request); });
}

Status PlatformRegistryService::ListModels(ServerContext* context, const v1::ListModelsRequest* request,
                                           v1::ListModelsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ListModels(parts_.models, *request); });
}

Status PlatformRegistryService::CompareModels(ServerContext* context, const v1::CompareModelsRequest* request,
                                              v1::CompareModelsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::CompareModels(parts_.syncs, *request); });
}

Status PlatformRegistryService::CreateSync(ServerContext* context, const v1::CreateSyncRequest* request,
                                           v1::CreateSyncResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::CreateSync(parts_.syncs, parts_.ids, parts_.has_public_url, *request);
  });
}

Status PlatformRegistryService::GetSync(ServerContext* context, const v1::GetSyncRequest* request,
                                        v1::GetSyncResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::GetSync(parts_.syncs, *request); });
}

Status PlatformRegistryService::ListSyncs(ServerContext* context, const v1::ListSyncsRequest* request,
                                          v1::ListSyncsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ListSyncs(parts_.syncs, *request); });
}

Status PlatformRegistryService::UpdateSync(ServerContext* context, const v1::UpdateSyncRequest* request,
                                           v1::UpdateSyncResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::UpdateSync(parts_.syncs, parts_.has_public_url, *request);
  });
}

Status PlatformRegistryService::DeleteSync(ServerContext* context, const v1::DeleteSyncRequest* request,
                                           v1::DeleteSyncResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::DeleteSync(parts_.syncs, parts_.ids, *request);
  });
}

Status PlatformRegistryService::LintSync(ServerContext* context, const v1::LintSyncRequest* request,
                                         v1::LintSyncResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::LintSync(parts_.syncs, parts_.has_public_url, *request);
  });
}

Status PlatformRegistryService::GetRules(ServerContext* context, const v1::GetRulesRequest* request,
                                         v1::GetRulesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::GetRules(parts_.rules, *request); });
}

}  // namespace cognate::platform_registry
