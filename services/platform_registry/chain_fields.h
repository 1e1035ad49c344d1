// What a sync's record has after its chain of transforms. Pure functions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/sync.pb.h"
#include "common/condition/condition.h"
#include "common/status/error.h"
#include "common/transform/chain.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// Whether the sync's chain has the pipeline in it.
bool NamesPipeline(const v1::Sync& sync, absl::string_view pipeline);
// The sync's own transforms between those of the pipelines that it names, as far as there are such.
transform::CompiledSteps WholeChain(const Configuration& configuration, const v1::Sync& sync);

// What a chain has made of a field.
struct ChainField {
  v1::ModelField field;
  bool is_written = false;                       // it is no longer what the source's column was
  const v1::MakeReference* reference = nullptr;  // it holds one; part of ChainFields.steps
};

struct ChainFields {
  std::vector<ChainField> fields;
  std::vector<std::string> assigned_platforms;  // that conditions of steps ask for
  bool reads_old = false;                       // a step asks what the record was before
  // Of the chain, with paths such as `transforms[2].split.field` and `before[0]`.
  std::vector<FieldViolation> violations;
  std::shared_ptr<const transform::CompiledSteps> steps;

  const ChainField* Find(absl::string_view name) const;
};

// Without transforms these are the source's own fields.
ChainFields FieldsAfterChain(const Configuration& configuration, const v1::Sync& sync,
                             const v1::Model& source);
// The same with the `assignments` that conditions may ask for.
ChainFields FieldsAfterChain(const Configuration& configuration, const v1::Sync& sync,
                             const v1::Model& source, const condition::Assignments& assignments);

// What the sync's conditions may ask for, of any platform.
condition::Assignments AssignmentsOf(const v1::Sync& sync, const v1::Model& source);

}  // namespace cognate::platform_registry
