#include "services/platform_registry/configuration.h"

#include <algorithm>

namespace cognate::platform_registry {

const v1::Platform* Configuration::FindPlatform(absl::string_view platform) const {
  const auto found = platforms.find(platform);
  return found == platforms.end() ? nullptr : &found->second;
}

const v1::Model* Configuration::FindModel(absl::string_view platform, absl::string_view model) const {
  const auto found = models.find(std::make_pair(std::string(platform), std::string(model)));
  return found == models.end() ? nullptr : &found->second;
}

const v1::ModelField* FindField(const v1::Model& model, absl::string_view field) {
  for (const v1::ModelField& candidate : model.fields()) {
    if (candidate.name() == field) return &candidate;
  }
  return nullptr;
}

bool IsKeyField(const v1::Model& model, absl::string_view field) {
  return std::find(model.key_fields().begin(), model.key_fields().end(), field) != model.key_fields().end();
}

const v1::ForeignKey* FindForeignKey(const v1::Model& model, absl::string_view field) {
  for (const v1::ForeignKey& key : model.foreign_keys()) {
    if (key.fields_size() == 1 && key.fields(0) == field) return &key;
  }
  return nullptr;
}

}  // namespace cognate::platform_registry
