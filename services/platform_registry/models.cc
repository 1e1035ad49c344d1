#include "services/platform_registry/models.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/postgres/sqlstate.h"
#include "common/secret/secret.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/catalogue.h"
#include "services/platform_registry/configuration.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr int kMaxModels = 1000;

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

absl::Status CheckModel(const v1::Model& model, const std::string& path) {
  if (model.model().empty() || model.model().find('\0') != std::string::npos) {
    return InvalidField(StrCat(path, ".model"), "got nothing, want the platform's own name of the model");
  }
  if (model.fields().empty()) return InvalidField(StrCat(path, ".fields"), "got none, want at least one");
  std::set<std::string> names;
  for (int i = 0; i < model.fields_size(); ++i) {
    const std::string field = StrCat(path, ".fields[", i, "]");
    if (model.fields(i).name().empty())
      return InvalidField(StrCat(field, ".name"), "got nothing, want the field's name");
    if (!names.insert(model.fields(i).name()).second) {
      return InvalidField(StrCat(field, ".name"),
                          StrCat("got ", model.fields(i).name(), ", which comes twice"));
    }
    if (model.fields(i).type() == v1::FIELD_TYPE_UNSPECIFIED ||
        !v1::FieldType_IsValid(model.fields(i).type())) {
      return InvalidField(StrCat(field, ".type"), "got none, want one of FieldType");
    }
  }
  for (int i = 0; i < model.key_fields_size(); ++i) {
    if (names.contains(model.key_fields(i))) continue;
    return InvalidField(StrCat(path, ".key_fields[", i, "]"),
                        StrCat("got ", model.key_fields(i), ", want one of the model's fields"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::AnalyzeModelsResponse> AnalyzeModels(PlatformStore& platforms, ModelStore& models,
                                                        const v1::AnalyzeModelsRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(request.platform(), "platform"));
  ASSIGN_OR_RETURN(const v1::Platform platform, platforms.Get(id));
  if (!platform.has_database()) return NoDatabase(id);
  const absl::StatusOr<std::vector<v1::Model>> found = Read(platform);
  if (!found.ok()) return Unreachable(id, found.status());
  ASSIGN_OR_RETURN(const std::vector<v1::Model> stored, models.Put(id, *found, /*whole=*/true));
  v1::AnalyzeModelsResponse response;
  response.mutable_models()->Assign(stored.begin(), stored.end());
  return response;
}

absl::StatusOr<v1::PutModelsResponse> PutModels(ModelStore& models, const v1::PutModelsRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(request.platform(), "platform"));
  if (request.models().empty() || request.models_size() > kMaxModels) {
    return InvalidField("models", StrCat("got ", request.models_size(), ", want 1 to ", kMaxModels));
  }
  std::set<std::string> names;
  for (int i = 0; i < request.models_size(); ++i) {
    const std::string path = StrCat("models[", i, "]");
    RETURN_IF_ERROR(CheckModel(request.models(i), path));
    if (!names.insert(request.models(i).model()).second) {
      return InvalidField(StrCat(path, ".model"),
                          StrCat("got ", request.models(i).model(), ", which comes twice"));
    }
  }
  const std::vector<v1::Model> wanted(request.models().begin(), request.models().end());
  ASSIGN_OR_RETURN(const std::vector<v1::Model> stored, models.Put(id, wanted, /*whole=*/false));
  v1::PutModelsResponse response;
  response.mutable_models()->Assign(stored.begin(), stored.end());
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
