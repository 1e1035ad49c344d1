// From the records of a request to their entities, and back to what is said of them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/assignment_service.pb.h"
#include "cognate/v1/record.pb.h"
#include "common/ids/uuid.h"
#include "services/platform_registry/assignments/assignment_store.h"
#include "services/platform_registry/assignments/platform_numbers.h"
#include "services/platform_registry/ledger/identity_store.h"
#include "services/platform_registry/ledger/model_ids.h"
#include "services/platform_registry/model_store.h"
#include "services/platform_registry/rules_cache.h"

namespace cognate::platform_registry {

// What the RPCs work with; all outlive the service.
struct AssignmentParts {
  ModelStore& models;
  ModelIds& ids;
  IdentityStore& identities;
  AssignmentStore& store;
  PlatformNumbers& platforms;
  RulesCache& rules;
};

// INVALID_FIELD at `path` unless platform, model and local id are there.
absl::Status CheckRecordKey(const std::string& path, const v1::RecordKey& record);

// The living entities of records, in their order. With `create` those that are missing are made, and each
// model must be assignable (MODEL_NOT_ASSIGNABLE); else they are nil. MODEL_NOT_FOUND.
absl::StatusOr<std::vector<Uuid>> FindEntities(const AssignmentParts& parts,
                                               absl::Span<const v1::RecordKey* const> records, bool create);

// Fills in everything but the record.
void Describe(const Uuid& entity, const StoredAssignments& stored, const PlatformTable& platforms,
              v1::RecordAssignments* assignments);

}  // namespace cognate::platform_registry
