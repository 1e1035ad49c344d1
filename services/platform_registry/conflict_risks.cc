#include "services/platform_registry/conflict_risks.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/platform_registry/rules.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

v1::ConflictPolicy OrDefault(v1::ConflictPolicy policy, v1::ConflictPolicy otherwise) {
  return policy == v1::CONFLICT_POLICY_UNSPECIFIED ? otherwise : policy;
}

v1::ConflictPolicy PolicyOf(const v1::Sync& sync, const MappedField& field) {
  const auto of_sync = OrDefault(sync.conflict_policy(), v1::CONFLICT_POLICY_NEWEST);
  return field.mapping == nullptr ? of_sync : OrDefault(field.mapping->conflict_policy(), of_sync);
}

bool HasOwnPolicy(const MappedField& field) {
  return field.mapping != nullptr && field.mapping->conflict_policy() != v1::CONFLICT_POLICY_UNSPECIFIED;
}

// What the way back must say for the same side to win.
v1::ConflictPolicy OnTheWayBack(v1::ConflictPolicy policy) {
  if (policy == v1::CONFLICT_POLICY_SOURCE) return v1::CONFLICT_POLICY_TARGET;
  if (policy == v1::CONFLICT_POLICY_TARGET) return v1::CONFLICT_POLICY_SOURCE;
  return policy;
}

std::string WordOf(v1::ConflictPolicy policy) {
  const std::string& name = v1::ConflictPolicy_Name(policy);
  return std::string(absl::StripPrefix(name, "CONFLICT_POLICY_"));
}

bool IsWayBack(const v1::Sync& sync, const v1::Sync& other) {
  return other.source_platform() == sync.target_platform() && other.source_model() == sync.target_model() &&
         other.target_platform() == sync.source_platform() && other.target_model() == sync.source_model();
}

void Compare(SyncCheck& check, const v1::Sync& back) {
  const std::vector<MappedField> theirs =
      MappedFields(check.configuration, back, *check.target.model, *check.source.model);
  bool is_told_of_syncs = false;
  for (const MappedField& field :
       MappedFields(check.configuration, check.sync, *check.source.model, *check.target.model)) {
    for (const MappedField& returned : theirs) {
      if (returned.source != field.target || returned.target != field.source) continue;
      const v1::ConflictPolicy policy = PolicyOf(check.sync, field);
      const v1::ConflictPolicy other = PolicyOf(back, returned);
      if (other == OnTheWayBack(policy)) continue;
      const bool is_of_syncs = !HasOwnPolicy(field) && !HasOwnPolicy(returned);
      if (is_of_syncs && std::exchange(is_told_of_syncs, true)) continue;
      check.Warn(is_of_syncs ? "sync.conflict_policy" : MappingPath(field.index, "conflict_policy"),
                 "CONFLICT_POLICIES_DISAGREE",
                 StrCat(is_of_syncs ? "" : StrCat(field.target, ": "), "got ", WordOf(policy), " here and ",
                        WordOf(other), " in ", back.name(), ", which brings it back, want ",
                        WordOf(OnTheWayBack(policy)),
                        " there: as it is each platform decides by itself which of two edits wins"));
    }
  }
}

}  // namespace

void FindConflictRisks(SyncCheck& check) {
  for (const v1::Sync* const other :
       check.configuration.SyncsBetween(check.sync.target_platform(), check.sync.source_platform())) {
    if (IsWayBack(check.sync, *other)) Compare(check, *other);
  }
}

}  // namespace cognate::platform_registry
