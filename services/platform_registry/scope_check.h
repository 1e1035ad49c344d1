// The parts of a sync that say which records it takes, what is done to them, and how they are left.
#pragma once

#include <string>
#include <vector>

#include "services/platform_registry/chain_fields.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// One side of the sync.
struct SyncSide {
  const char* platform_path;
  const char* model_path;
  const v1::Platform* platform = nullptr;
  const v1::Model* model = nullptr;
};

// A sync while it is checked, and what was found so far.
struct SyncCheck {
  const Configuration& configuration;
  const v1::Sync& sync;
  SyncSide source = {"sync.source_platform", "sync.source_model"};
  SyncSide target = {"sync.target_platform", "sync.target_model"};
  ChainFields record;  // what the mapping finds
  std::vector<FieldViolation> violations;
  std::vector<std::string>* warnings;

  void Wrong(absl::string_view path, absl::string_view description) {
    violations.push_back({std::string(path), std::string(description)});
  }
};

// The first names, for errors.
std::string FieldNames(const v1::Model& model);
std::string FieldNames(const ChainFields& record);

// Filter and transforms, against the source's model; fills in `record`.
void CheckScope(SyncCheck& check);
// `leave` and `on_delete`, against the target's model and the other syncs between the two.
void CheckLeaving(SyncCheck& check);

}  // namespace cognate::platform_registry
