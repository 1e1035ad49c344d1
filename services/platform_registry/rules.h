// What follows from a sync and both catalogues: which fields are written from which, and which of them are
// references. Pure functions.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cognate/v1/sync.pb.h"
#include "services/platform_registry/concern.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// One written field. `mapping` is null, and `index` -1, where it follows from `all_fields`.
struct MappedField {
  std::string source;
  std::string target;
  const v1::FieldMapping* mapping = nullptr;
  int index = -1;
};
// Those of `fields` first, as they stand there; then what `all_fields` adds: fields of the record after the
// chain of equal names that the target takes, but for the source's own key and what `fields` names already.
std::vector<MappedField> MappedFields(const Configuration& configuration, const v1::Sync& sync,
                                      const v1::Model& source, const v1::Model& target);

// The foreign key of this field alone that holds the referenced model's local id; null where there is none.
const v1::ForeignKey* FindReference(const Configuration& configuration, absl::string_view platform,
                                    const v1::Model& model, absl::string_view field);
// Where syncs bring the records of a model of this sync's source platform, on its target platform.
std::set<std::string> BroughtTo(const Configuration& configuration, const v1::Sync& sync,
                                absl::string_view source_model);

// Every field that both catalogues (still) have, in the target's order; where that is not every mapped one,
// the sync is broken. Without both models it has no fields.
v1::CompiledSync CompileSync(const Configuration& configuration, const v1::Sync& sync);
v1::Rules CompileRules(const Configuration& configuration);
// Makes `rules`, which were compiled of what `configuration` was before these changes, the same as
// CompileRules.
void CompileConcerned(const Configuration& configuration, const Concern& changes, v1::Rules* rules);

// `public.country on atlas to public.nations on shop (partially, mapped)`.
std::string Title(const Configuration& configuration, const v1::Sync& sync, const v1::Model& source,
                  const v1::Model& target);

}  // namespace cognate::platform_registry
