#include "services/platform_registry/compile_rules.h"

#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/rules.h"
#include "services/platform_registry/sync_check.h"

namespace cognate::platform_registry {
namespace {

v1::Sync Asked(v1::Sync sync) {
  sync.clear_title();
  sync.clear_broken();
  sync.clear_guard();
  sync.set_status(v1::SYNC_STATUS_ACTIVE);
  return sync;
}

absl::StatusOr<Configuration> WithSync(SyncStore& store, const v1::CompileRulesRequest& request) {
  ASSIGN_OR_RETURN(Configuration configuration, store.Configured());
  for (const std::string& name : request.without()) configuration.TakeSyncOut(name);
  for (const v1::Pipeline& pipeline : request.pipelines())
    configuration.pipelines[pipeline.name()] = pipeline;
  for (const v1::Sync& other : request.beside()) configuration.PutSync(Asked(other));
  v1::Sync sync = Asked(request.sync());
  configuration.PutSync(sync);
  RETURN_IF_ERROR(JudgeSync(configuration, sync).ToStatus());
  return configuration;
}

}  // namespace

absl::StatusOr<v1::CompileRulesResponse> CompileRules(SyncStore& store,
                                                      const v1::CompileRulesRequest& request) {
  if (request.has_sync() == !request.guarded().empty())
    return InvalidField("sync", "got both a sync and guarded, or neither, want one of the two");
  Configuration configuration;
  if (request.has_sync()) {
    RETURN_IF_ERROR(ParseSyncName(request.sync().name(), "sync.name").status());
    ASSIGN_OR_RETURN(configuration, WithSync(store, request));
  } else {
    ASSIGN_OR_RETURN(const std::string id, ParseSyncName(request.guarded(), "guarded"));
    ASSIGN_OR_RETURN(configuration, store.Configured(id));
  }
  v1::CompileRulesResponse response;
  *response.mutable_rules() = CompileRules(configuration);
  return response;
}

}  // namespace cognate::platform_registry
