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

const v1::Sync* Configuration::FindSync(absl::string_view name) const {
  const auto found =
      std::find_if(syncs.begin(), syncs.end(), [&](const v1::Sync& sync) { return sync.name() == name; });
  return found == syncs.end() ? nullptr : &*found;
}

void Configuration::PutSync(const v1::Sync& sync) {
  TakeSyncOut(sync.name());
  const auto place = std::find_if(syncs.begin(), syncs.end(),
                                  [&](const v1::Sync& other) { return other.name() > sync.name(); });
  syncs.insert(place, sync);
}

void Configuration::TakeSyncOut(absl::string_view name) {
  std::erase_if(syncs, [&](const v1::Sync& sync) { return sync.name() == name; });
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
