#include "services/platform_registry/expansion_put.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform_registry/catalogue_shape.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/expansion.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

// What there is under the name already decides, too.
void CheckPlace(const Configuration& stored, absl::string_view platform, const v1::Model& model,
                const std::string& path, std::vector<FieldViolation>* wrong) {
  const v1::Model* const before = stored.FindModel(platform, model.model());
  if (before == nullptr) return;
  if (before->has_expansion()) {
    if (before->expansion().model() == model.expansion().model()) return;
    wrong->push_back(
        {StrCat(path, ".expansion.model"),
         StrCat("got ", model.expansion().model(), ", and it is made of ", before->expansion().model(),
                ", whose parts would stay for ever; give the new one another name")});
    return;
  }
  const v1::Platform* const known = stored.FindPlatform(platform);
  if (known == nullptr || !known->has_database() || before->origin() == v1::MODEL_ORIGIN_CUSTOM) return;
  wrong->push_back({StrCat(path, ".model"), StrCat("got ", model.model(), ", which is a table of ", platform,
                                                   "'s database; give the parts' model a name of its own")});
}

}  // namespace

absl::Status PrepareExpansions(Configuration stored, absl::string_view platform,
                               std::vector<v1::Model>* models) {
  std::vector<FieldViolation> wrong;
  const auto path_of = [](size_t i) { return StrCat("models[", i, "]"); };
  for (size_t i = 0; i < models->size(); ++i) {
    if ((*models)[i].has_expansion()) CheckPlace(stored, platform, (*models)[i], path_of(i), &wrong);
  }
  for (const v1::Model& model : *models) stored.models[{std::string(platform), model.model()}] = model;
  for (size_t i = 0; i < models->size(); ++i) {
    if ((*models)[i].has_expansion()) CheckExpansion(stored, platform, (*models)[i], path_of(i), &wrong);
  }
  if (!wrong.empty()) return InvalidFields(wrong);
  for (v1::Model& model : *models) {
    if (!model.has_expansion()) continue;
    CompleteExpansion(stored, platform, &model);
    DescribeShape(&model);
  }
  return absl::OkStatus();
}

}  // namespace cognate::platform_registry
