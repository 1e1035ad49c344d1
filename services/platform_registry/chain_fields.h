// What a sync's record has after its chain of transforms. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/sync.pb.h"
#include "common/condition/condition.h"
#include "common/status/error.h"

namespace cognate::platform_registry {

// What a chain has made of a field.
struct ChainField {
  v1::ModelField field;
  bool is_written = false;                       // it is no longer what the source's column was
  const v1::MakeReference* reference = nullptr;  // it holds one; part of the sync
};

struct ChainFields {
  std::vector<ChainField> fields;
  std::vector<std::string> assigned_platforms;  // that conditions of steps ask for
  std::vector<FieldViolation> violations;  // of the chain, with paths such as `transforms[2].split.field`

  const ChainField* Find(absl::string_view name) const;
};

// Without transforms these are the source's own fields. Points into `sync`.
ChainFields FieldsAfterChain(const v1::Sync& sync, const v1::Model& source);
// The same with the `assignments` that conditions may ask for.
ChainFields FieldsAfterChain(const v1::Sync& sync, const v1::Model& source,
                             const condition::Assignments& assignments);

// What the sync's conditions may ask for, of any platform.
condition::Assignments AssignmentsOf(const v1::Sync& sync, const v1::Model& source);

}  // namespace cognate::platform_registry
