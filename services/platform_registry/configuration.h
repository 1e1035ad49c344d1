// Everything that rules follow from: platforms, catalogue and syncs at one revision. A plain value.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/platform.pb.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::platform_registry {

struct Configuration {
  int64_t revision = 0;
  absl::flat_hash_map<std::string, v1::Platform> platforms;                    // by id
  absl::flat_hash_map<std::pair<std::string, std::string>, v1::Model> models;  // by platform id and model
  std::map<std::string, v1::Sync> syncs;                                       // by name: `syncs/{id}`
  std::map<std::string, v1::Pipeline> pipelines;                               // by name: `pipelines/{id}`

  // Null where there is none.
  const v1::Platform* FindPlatform(absl::string_view platform) const;
  const v1::Model* FindModel(absl::string_view platform, absl::string_view model) const;
  const v1::Sync* FindSync(absl::string_view name) const;

  // In the place of the one of this name, if there is one.
  void PutSync(const v1::Sync& sync);
  void TakeSyncOut(absl::string_view name);
  // Between these two platforms, by name.
  std::vector<const v1::Sync*> SyncsBetween(absl::string_view source_platform,
                                            absl::string_view target_platform) const;

 private:
  using Pair = std::pair<std::string, std::string>;
  absl::flat_hash_map<Pair, std::set<std::string>> between_;  // names in `syncs`
};

const v1::ModelField* FindField(const v1::Model& model, absl::string_view field);
bool IsKeyField(const v1::Model& model, absl::string_view field);
// The foreign key that consists of this field alone; null where there is none.
const v1::ForeignKey* FindForeignKey(const v1::Model& model, absl::string_view field);

}  // namespace cognate::platform_registry
