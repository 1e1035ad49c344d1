#include "services/platform_registry/configuration.h"

#include <algorithm>
#include <utility>

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
  const auto found = syncs.find(std::string(name));
  return found == syncs.end() ? nullptr : &found->second;
}

void Configuration::PutSync(const v1::Sync& sync) {
  TakeSyncOut(sync.name());
  between_[{sync.source_platform(), sync.target_platform()}].insert(sync.name());
  syncs.emplace(sync.name(), sync);
}

void Configuration::TakeSyncOut(absl::string_view name) {
  const auto found = syncs.find(std::string(name));
  if (found == syncs.end()) return;
  const auto between = between_.find(Pair(found->second.source_platform(), found->second.target_platform()));
  between->second.erase(found->first);
  if (between->second.empty()) between_.erase(between);
  syncs.erase(found);
}

std::vector<const v1::Sync*> Configuration::SyncsBetween(absl::string_view source_platform,
                                                         absl::string_view target_platform) const {
  std::vector<const v1::Sync*> found;
  const auto between = between_.find(Pair(std::string(source_platform), std::string(target_platform)));
  if (between == between_.end()) return found;
  for (const std::string& name : between->second) found.push_back(&syncs.at(name));
  return found;
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
