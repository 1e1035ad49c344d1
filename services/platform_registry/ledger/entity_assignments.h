// The assignments of entities that were resolved.
#pragma once

#include "absl/status/status.h"
#include "cognate/v1/ledger_service.pb.h"
#include "services/platform_registry/assignments/assignment_store.h"
#include "services/platform_registry/assignments/platform_numbers.h"

namespace cognate::platform_registry {

// Both outlive it. Thread safe.
class EntityAssignments {
 public:
  EntityAssignments(AssignmentStore& store, PlatformNumbers& platforms)
      : store_(store), platforms_(platforms) {}

  // Fills in the sets of the group's entities and their places; where they came into being is among them.
  absl::Status AddTo(v1::ResolvedGroup* resolved) const;

 private:
  AssignmentStore& store_;
  PlatformNumbers& platforms_;
};

}  // namespace cognate::platform_registry
