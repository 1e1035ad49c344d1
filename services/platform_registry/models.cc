#include "services/platform_registry/models.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/postgres/sqlstate.h"
#include "common/secret/secret.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/catalogue.h"
#include "services/platform_registry/catalogue_files.h"
#include "services/platform_registry/catalogue_shape.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/model_check.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

std::string ListName(absl::string_view platform) { return StrCat("models of ", platform); }

// In words for the operator whose database it is; a secret that is missing keeps its own name.
absl::Status Unreachable(absl::string_view platform, const absl::Status& status) {
  if (ErrorReason(status) == "SECRET_UNAVAILABLE") return status;
  const std::string server = postgres::ServerMessage(status);
  return PlatformUnreachable(platform, server.empty() ? std::string(status.message()) : server);
}

absl::StatusOr<std::vector<v1::Model>> Read(const v1::Platform& platform) {
  ASSIGN_OR_RETURN(const std::string uri, secret::ConnectionUri(platform.database()));
  postgres::ConnectionOptions options;
  options.uri = uri;
  options.application_name = "cognate-catalogue";
  ASSIGN_OR_RETURN(const auto connection, postgres::Connection::Open(options));
  return ReadCatalogue(*connection);
}

// Warns in the log, where an operator looks who asked for nothing.
void Tell(const std::vector<v1::SyncDrift>& drifts) {
  for (const v1::SyncDrift& drift : drifts) {
    if (drift.broken().empty()) {
      log::Info("a sync fits again; a backfill brings what was captured in between",
                {{"sync", drift.sync()}});
    } else {
      log::Warn("a sync is broken: it takes no changes", {{"sync", drift.sync()}, {"why", drift.broken()}});
    }
  }
}

template <typename Response>
Response Answer(const StoredModels& stored) {
  Response response;
  response.mutable_models()->Assign(stored.models.begin(), stored.models.end());
  response.mutable_kept_models()->Assign(stored.kept.begin(), stored.kept.end());
  response.mutable_drifts()->Assign(stored.drifts.begin(), stored.drifts.end());
  Tell(stored.drifts);
  return response;
}

}  // namespace

absl::StatusOr<v1::AnalyzeModelsResponse> AnalyzeModels(PlatformStore& platforms, ModelStore& models,
                                                        const v1::AnalyzeModelsRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(request.platform(), "platform"));
  ASSIGN_OR_RETURN(const v1::Platform platform, platforms.Get(id));
  if (!platform.has_database()) return NoDatabase(id);
  const absl::StatusOr<std::vector<v1::Model>> found = Read(platform);
  if (!found.ok()) return Unreachable(id, found.status());
  ASSIGN_OR_RETURN(const StoredModels stored, models.Put(id, *found, /*whole=*/true));
  return Answer<v1::AnalyzeModelsResponse>(stored);
}

absl::StatusOr<v1::PutModelsResponse> PutModels(PlatformStore& platforms, ModelStore& models,
                                                const v1::PutModelsRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(request.platform(), "platform"));
  RETURN_IF_ERROR(CheckModels(request));
  ASSIGN_OR_RETURN(const v1::Platform platform, platforms.Get(id));
  std::vector<v1::Model> wanted(request.models().begin(), request.models().end());
  for (v1::Model& model : wanted) {
    // What an analysis would overwrite at once, a person means to stay.
    if (model.origin() == v1::MODEL_ORIGIN_UNSPECIFIED && platform.has_database())
      model.set_origin(v1::MODEL_ORIGIN_CUSTOM);
    // No analysis and no agent will ever find it.
    if (model.has_expansion()) model.set_origin(v1::MODEL_ORIGIN_CUSTOM);
    model.clear_missing();
    DescribeShape(&model);
    DescribeFiles(&model);
  }
  ASSIGN_OR_RETURN(const StoredModels stored, models.Put(id, wanted, /*whole=*/false));
  return Answer<v1::PutModelsResponse>(stored);
}

absl::StatusOr<v1::UpdateModelResponse> UpdateModel(ModelStore& models,
                                                    const v1::UpdateModelRequest& request) {
  ASSIGN_OR_RETURN(const ParsedModelName name, ParseModelName(request.model().name(), "model.name"));
  const auto& paths = request.update_mask().paths();
  if (paths.size() != 1 || paths[0] != "assignable") {
    return InvalidField("update_mask",
                        StrCat("got ", paths.empty() ? "no paths" : paths[0], ", want assignable alone"));
  }
  ASSIGN_OR_RETURN(const StoredModels stored,
                   models.SetAssignable(name.platform, name.model, request.model().assignable()));
  v1::UpdateModelResponse response;
  *response.mutable_model() = stored.models[0];
  response.mutable_drifts()->Assign(stored.drifts.begin(), stored.drifts.end());
  Tell(stored.drifts);
  return response;
}

absl::StatusOr<v1::GetModelResponse> GetModel(ModelStore& models, const v1::GetModelRequest& request) {
  ASSIGN_OR_RETURN(const ParsedModelName name, ParseModelName(request.name(), "name"));
  v1::GetModelResponse response;
  ASSIGN_OR_RETURN(*response.mutable_model(), models.Get(name.platform, name.model));
  return response;
}

absl::StatusOr<v1::ListModelsResponse> ListModels(ModelStore& models, const v1::ListModelsRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(request.platform(), "platform"));
  ASSIGN_OR_RETURN(const Page page, ParsePage(ListName(id), request.page_size(), request.page_token()));
  ASSIGN_OR_RETURN(std::vector<v1::Model> found, models.List(id, page));
  v1::ListModelsResponse response;
  const size_t count = std::min(found.size(), static_cast<size_t>(page.size));
  for (size_t i = 0; i < count; ++i) *response.add_models() = std::move(found[i]);
  if (found.size() > count) {
    response.set_next_page_token(
        PageToken(ListName(id), response.models(static_cast<int>(count) - 1).model()));
  }
  return response;
}

}  // namespace cognate::platform_registry
