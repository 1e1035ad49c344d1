// Models whose records are parts of another model's records (`Model.expansion`): whether one fits its
// parent's model, and what follows from both. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cognate/v1/expansion.pb.h"
#include "common/status/error.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// The field of a part that names it among its siblings: `expansion.key`, or `place`.
std::string KeyOf(const v1::Expansion& expansion);
// The part's field that a parent's field goes into.
const std::string& IntoOf(const v1::ParentField& field);

// Everything that is wrong, with paths that begin with `path` (of the model): the parent's model, the chain,
// and every field that is named. `configuration.models` holds `model` already, as it is to be.
void CheckExpansion(const Configuration& configuration, absl::string_view platform, const v1::Model& model,
                    absl::string_view path, std::vector<FieldViolation>* wrong);

// Fills in what follows where it is not said: the key, and the foreign key to the parent, so that the
// catalogue knows the parts' parents as it knows every other reference. Only for one that is right.
void CompleteExpansion(const Configuration& configuration, absl::string_view platform, v1::Model* model);

// For the transformer; with `broken` where it no longer fits.
v1::CompiledExpansion CompileExpansion(const Configuration& configuration, absl::string_view platform,
                                       const v1::Model& model);

}  // namespace cognate::platform_registry
