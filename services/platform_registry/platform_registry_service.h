// The table of contents of cognate.v1.PlatformRegistryService.
#pragma once

#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/platform_registry/ledger/model_ids.h"
#include "services/platform_registry/model_store.h"
#include "services/platform_registry/platform_store.h"
#include "services/platform_registry/rules_cache.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {

// What the RPCs work with; all outlive the service.
struct RegistryParts {
  PlatformStore& platforms;
  ModelStore& models;
  SyncStore& syncs;
  RulesCache& rules;
  ModelIds& ids;
  const Clock& clock;
  bool has_public_url;  // somebody has said where readers reach the gateway
};

class PlatformRegistryService final : public v1::PlatformRegistryService::Service {
 public:
  PlatformRegistryService(grpc_support::RpcBoundary& rpcs, const RegistryParts& parts)
      : rpcs_(rpcs), parts_(parts) {}

  grpc::Status CreatePlatform(grpc::ServerContext* context, const v1::CreatePlatformRequest* request,
                              v1::CreatePlatformResponse* response) override;
  grpc::Status GetPlatform(grpc::ServerContext* context, const v1::GetPlatformRequest* request,
                           v1::GetPlatformResponse* response) override;
  grpc::Status ListPlatforms(grpc::ServerContext* context, const v1::ListPlatformsRequest* request,
                             v1::ListPlatformsResponse* response) override;
  grpc::Status UpdatePlatform(grpc::ServerContext* context, const v1::UpdatePlatformRequest* request,
                              v1::UpdatePlatformResponse* response) override;
  grpc::Status DeletePlatform(grpc::ServerContext* context, const v1::DeletePlatformRequest* request,
                              v1::DeletePlatformResponse* response) override;
  grpc::Status AnalyzeModels(grpc::ServerContext* context, const v1::AnalyzeModelsRequest* request,
                             v1::AnalyzeModelsResponse* response) override;
  grpc::Status PutModels(grpc::ServerContext* context, const v1::PutModelsRequest* request,
                         v1::PutModelsResponse* response) override;
  grpc::Status UpdateModel(grpc::ServerContext* context, const v1::UpdateModelRequest* request,
                           v1::UpdateModelResponse* response) override;
  grpc::Status GetModel(grpc::ServerContext* context, const v1::GetModelRequest* request,
                        v1::GetModelResponse* response) override;
  grpc::Status ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                          v1::ListModelsResponse* response) override;
  grpc::Status CompareModels(grpc::ServerContext* context, const v1::CompareModelsRequest* request,
                             v1::CompareModelsResponse* response) override;
  grpc::Status CreateSync(grpc::ServerContext* context, const v1::CreateSyncRequest* request,
                          v1::CreateSyncResponse* response) override;
  grpc::Status GetSync(grpc::ServerContext* context, const v1::GetSyncRequest* request,
                       v1::GetSyncResponse* response) override;
  grpc::Status ListSyncs(grpc::ServerContext* context, const v1::ListSyncsRequest* request,
                         v1::ListSyncsResponse* response) override;
  grpc::Status UpdateSync(grpc::ServerContext* context, const v1::UpdateSyncRequest* request,
                          v1::UpdateSyncResponse* response) override;
  grpc::Status DeleteSync(grpc::ServerContext* context, const v1::DeleteSyncRequest* request,
                          v1::DeleteSyncResponse* response) override;
  grpc::Status LintSync(grpc::ServerContext* context, const v1::LintSyncRequest* request,
                        v1::LintSyncResponse* response) override;
  grpc::Status GetRules(grpc::ServerContext* context, const v1::GetRulesRequest* request,
                        v1::GetRulesResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  const RegistryParts parts_;
};

}  // namespace cognate::platform_registry
