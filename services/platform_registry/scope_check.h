// The parts of a sync that say which records it takes, what is done to them, and how they are left.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
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

// What works but may lose or refuse data, or surprise.
struct SyncWarning {
  std::string field;  // the path from the request
  std::string message;
  std::string reason;
};

// A sync while it is checked, and what was found so far.
struct SyncCheck {
  const Configuration& configuration;
  const v1::Sync& sync;
  SyncSide source = {"sync.source_platform", "sync.source_model"};
  SyncSide target = {"sync.target_platform", "sync.target_model"};
  ChainFields record;                      // what the mapping finds
  std::vector<FieldViolation> violations;  // together one INVALID_FIELD
  std::vector<absl::Status> refusals;      // what has a reason of its own, with its violations
  std::vector<SyncWarning> warnings;

  void Wrong(absl::string_view path, absl::string_view description) {
    violations.push_back({std::string(path), std::string(description)});
  }
  void Warn(absl::string_view path, absl::string_view reason, absl::string_view message) {
    warnings.push_back({std::string(path), std::string(message), std::string(reason)});
  }
  bool IsWrongAt(absl::string_view path) const;  // at it or below it
  bool KnowsModels() const { return source.model != nullptr && target.model != nullptr; }
};

// `sync.fields[2].source`; what follows from `all_fields` has an index below 0.
std::string MappingPath(int index, absl::string_view part);
// Where the compiled field came from: its place in `fields`, or -1.
int IndexOf(const v1::Sync& sync, const v1::CompiledField& field);
bool JoinsTheSameModels(const v1::Sync& a, const v1::Sync& b);

// The first names, for errors.
std::string FieldNames(const v1::Model& model);
std::string FieldNames(const ChainFields& record);

// Models that are made of another one's records: the source must still fit them, and a target has none.
void CheckExpanded(SyncCheck& check);
// Filter and transforms, against the source's model; fills in `record`.
void CheckScope(SyncCheck& check);
// Platforms whose assignments decide what the sync makes of a record: of `only_assigned`, the filter, and the
// steps' conditions, as `record` has them.
std::vector<std::string> AssignmentPlatforms(const v1::Sync& sync, const v1::Model& source,
                                             const ChainFields& record);
// `leave` and `on_delete`, against the target's model.
void CheckLeaving(SyncCheck& check);
bool IsSamePolicy(const v1::LeavePolicy& a, const v1::LeavePolicy& b);

}  // namespace cognate::platform_registry
