#include "services/platform_registry/pipelines/pipelines.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/chain_fields.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/sync_check.h"

namespace cognate::platform_registry {
namespace {

constexpr char kList[] = "pipelines";
constexpr int kMaxTransforms = 200;
constexpr size_t kMaxShown = 20;  // violations

// What no sync is needed to see.
absl::Status CheckPipeline(const v1::Pipeline& pipeline) {
  std::vector<FieldViolation> violations;
  const int count = pipeline.transforms_size();
  if (count == 0 || count > kMaxTransforms) {
    violations.push_back(
        {"pipeline.transforms", absl::StrCat("got ", count, " steps, want 1 to ", kMaxTransforms)});
  }
  for (int i = 0; i < std::min(count, kMaxTransforms); ++i) {
    if (pipeline.transforms(i).step_case() != v1::Transform::STEP_NOT_SET) continue;
    violations.push_back({absl::StrCat("pipeline.transforms[", i, "]"),
                          "got no step, want one, such as rename, constant or template"});
  }
  return violations.empty() ? absl::OkStatus() : absl::Status(InvalidFields(violations));
}

// Everything that would break in the syncs that name the pipeline and work now, with the steps' places.
absl::Status CheckUsers(const std::string& name, const Configuration& wanted, const Configuration& current) {
  std::vector<FieldViolation> violations;
  const std::string own = absl::StrCat(name, ".");
  for (const auto& [id, user] : wanted.syncs) {
    if (!NamesPipeline(user, name) || !WhyBroken(current, user).empty()) continue;
    v1::Sync sync = user;
    const SyncJudgement judgement = JudgeSync(wanted, sync);
    for (const FieldViolation& wrong : judgement.violations) {
      absl::string_view description = wrong.description;
      std::string path = "pipeline.transforms";
      if (absl::ConsumePrefix(&description, own)) {
        const size_t end = description.find(": ");
        path = absl::StrCat("pipeline.", description.substr(0, end));
        violations.push_back({path, absl::StrCat("in ", sync.name(), ": ", description.substr(end + 2))});
      } else {
        violations.push_back({path, absl::StrCat("in ", sync.name(), ": ", wrong.field, ": ", description)});
      }
    }
    for (const absl::Status& refusal : judgement.refusals) {
      violations.push_back(
          {"pipeline.transforms", absl::StrCat("in ", sync.name(), ": ", std::string(refusal.message()))});
    }
  }
  if (violations.size() > kMaxShown) violations.resize(kMaxShown);
  return violations.empty() ? absl::OkStatus() : absl::Status(InvalidFields(violations));
}

absl::Status ApplyMask(const v1::Pipeline& from, const google::protobuf::FieldMask& mask, v1::Pipeline* to) {
  constexpr char kWant[] = "want description or transforms";
  if (mask.paths().empty()) return InvalidField("update_mask", absl::StrCat("got no paths, ", kWant));
  for (int i = 0; i < mask.paths_size(); ++i) {
    if (mask.paths(i) == "description") {
      to->set_description(from.description());
    } else if (mask.paths(i) == "transforms") {
      *to->mutable_transforms() = from.transforms();
    } else {
      return InvalidField(absl::StrCat("update_mask.paths[", i, "]"),
                          absl::StrCat("got ", mask.paths(i), ", ", kWant));
    }
  }
  return CheckPipeline(*to);
}

}  // namespace

absl::StatusOr<v1::CreatePipelineResponse> CreatePipeline(PipelineStore& store,
                                                          const v1::CreatePipelineRequest& request) {
  RETURN_IF_ERROR(ParsePipelineName(request.pipeline().name(), "pipeline.name").status());
  RETURN_IF_ERROR(CheckPipeline(request.pipeline()));
  return store.Create(request.pipeline(),
                      {"create_pipeline", request.request_id(), request.pipeline().SerializeAsString()});
}

absl::StatusOr<v1::GetPipelineResponse> GetPipeline(PipelineStore& store,
                                                    const v1::GetPipelineRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePipelineName(request.name(), "name"));
  v1::GetPipelineResponse response;
  ASSIGN_OR_RETURN(*response.mutable_pipeline(), store.Get(id));
  return response;
}

absl::StatusOr<v1::ListPipelinesResponse> ListPipelines(PipelineStore& store,
                                                        const v1::ListPipelinesRequest& request) {
  ASSIGN_OR_RETURN(const Page page, ParsePage(kList, request.page_size(), request.page_token()));
  ASSIGN_OR_RETURN(std::vector<v1::Pipeline> pipelines, store.List(page));
  v1::ListPipelinesResponse response;
  const size_t count = std::min(pipelines.size(), static_cast<size_t>(page.size));
  for (size_t i = 0; i < count; ++i) *response.add_pipelines() = std::move(pipelines[i]);
  if (pipelines.size() > count) {
    ASSIGN_OR_RETURN(const std::string last,
                     ParsePipelineName(response.pipelines(static_cast<int>(count) - 1).name(), "name"));
    response.set_next_page_token(PageToken(kList, last));
  }
  return response;
}

absl::StatusOr<v1::UpdatePipelineResponse> UpdatePipeline(PipelineStore& store,
                                                          const v1::UpdatePipelineRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePipelineName(request.pipeline().name(), "pipeline.name"));
  v1::UpdatePipelineResponse response;
  ASSIGN_OR_RETURN(*response.mutable_pipeline(),
                   store.Update(
                       id, request.pipeline().etag(),
                       [&](v1::Pipeline& pipeline) {
                         return ApplyMask(request.pipeline(), request.update_mask(), &pipeline);
                       },
                       [&](const Configuration& wanted, const Configuration& current) {
                         return CheckUsers(request.pipeline().name(), wanted, current);
                       }));
  return response;
}

absl::StatusOr<v1::DeletePipelineResponse> DeletePipeline(PipelineStore& store,
                                                          const v1::DeletePipelineRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePipelineName(request.name(), "name"));
  RETURN_IF_ERROR(store.Delete(id, request.etag()));
  return v1::DeletePipelineResponse();
}

}  // namespace cognate::platform_registry
