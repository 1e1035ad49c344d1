// The tables `pipelines` and `pipeline_revisions`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/pipeline_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/configuration_cache.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {

// Thread safe. Pipelines are given by their ids, without `pipelines/`.
class PipelineStore {
 public:
  PipelineStore(postgres::Pool& pool, ConfigurationCache& configurations)
      : pool_(pool), configurations_(configurations) {}

  absl::StatusOr<v1::CreatePipelineResponse> Create(const v1::Pipeline& pipeline,
                                                    const CreateRequest& request);
  absl::StatusOr<v1::Pipeline> Get(absl::string_view pipeline);
  // One more than the page holds, if there are more.
  absl::StatusOr<std::vector<v1::Pipeline>> List(const Page& page);
  // Stores what `change` makes of the pipeline, if `check` agrees: it sees the configuration as it would be,
  // and as it is. ETAG_MISMATCH when `etag` is set and not the current one.
  absl::StatusOr<v1::Pipeline> Update(
      absl::string_view pipeline, absl::string_view etag,
      absl::FunctionRef<absl::Status(v1::Pipeline&)> change,
      absl::FunctionRef<absl::Status(const Configuration& wanted, const Configuration& current)> check);
  // PIPELINE_IN_USE while a sync names it; ETAG_MISMATCH as in Update.
  absl::Status Delete(absl::string_view pipeline, absl::string_view etag);

 private:
  postgres::Pool& pool_;
  ConfigurationCache& configurations_;
};

// PIPELINE_NOT_FOUND.
absl::StatusOr<v1::Pipeline> SelectPipeline(postgres::Transaction& transaction, absl::string_view pipeline);
// By name.
absl::StatusOr<std::map<std::string, v1::Pipeline>> SelectAllPipelines(postgres::Transaction& transaction);

}  // namespace cognate::platform_registry
