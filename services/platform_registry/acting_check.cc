#include "services/platform_registry/acting_check.h"

#include "absl/strings/str_cat.h"
#include "services/platform_registry/rules.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr int kMaxPaths = 10;

// The model that the field's values name; empty where it names none.
std::string Referenced(const Configuration& configuration, const v1::Sync& sync, const v1::Model& source,
                       const std::string& field) {
  for (const v1::FieldMapping& mapping : sync.fields()) {
    if (mapping.source() == field && mapping.has_reference()) return mapping.reference().source_model();
  }
  const v1::ForeignKey* const key = FindReference(configuration, sync.source_platform(), source, field);
  return key == nullptr ? "" : key->model();
}

}  // namespace

std::optional<v1::CompiledActingPath> CompileActingPath(const Configuration& configuration,
                                                        const v1::Sync& sync, const v1::Model& source,
                                                        const std::string& path, std::string* wrong) {
  v1::CompiledActingPath compiled;
  const size_t dot = path.find('.');
  if (dot == std::string::npos) {
    if (FindField(source, path) == nullptr) {
      *wrong = StrCat("got \"", path, "\", want a field of ", sync.source_model(), ": ", FieldNames(source));
      return std::nullopt;
    }
    compiled.set_field(path);
    return compiled;
  }
  const std::string name = path.substr(0, dot);
  for (const std::string& field : {name, StrCat(name, "_id")}) {
    const std::string model = Referenced(configuration, sync, source, field);
    if (FindField(source, field) == nullptr || model.empty()) continue;
    compiled.set_field(field);
    compiled.set_model(model);
    break;
  }
  if (compiled.model().empty()) {
    *wrong = StrCat("got \"", path, "\", want a field of ", sync.source_model(), " before the dot, ", name,
                    " or ", name, "_id, that is a foreign key, or that a mapping declares as a reference");
    return std::nullopt;
  }
  compiled.set_model_field(path.substr(dot + 1));
  const v1::Model* const named = configuration.FindModel(sync.source_platform(), compiled.model());
  if (named == nullptr || FindField(*named, compiled.model_field()) == nullptr) {
    *wrong =
        StrCat("got \"", path, "\", want a field of ", compiled.model(), " behind the dot",
               named == nullptr ? "; its model is not in the catalogue" : StrCat(": ", FieldNames(*named)));
    return std::nullopt;
  }
  return compiled;
}

void CheckActingIdentity(SyncCheck& check) {
  const auto& paths = check.sync.acting_identity();
  if (paths.size() > kMaxPaths) {
    return check.Wrong("sync.acting_identity",
                       StrCat("got ", paths.size(), " paths, want at most ", kMaxPaths));
  }
  for (int i = 0; i < paths.size(); ++i) {
    std::string wrong;
    CompileActingPath(check.configuration, check.sync, *check.source.model, paths[i], &wrong);
    if (!wrong.empty()) check.Wrong(StrCat("sync.acting_identity[", i, "]"), wrong);
  }
}

}  // namespace cognate::platform_registry
