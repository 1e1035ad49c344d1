// In whose name records are written: `Sync.acting_identity`, against the source platform's catalogue.
#pragma once

#include <optional>
#include <string>

#include "cognate/v1/sync.pb.h"
#include "services/platform_registry/configuration.h"
#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {

// `did` is a field of the source model; `author.did` is the field of the record that `author`, or
// `author_id`, names: by a foreign key to the model's key, or by a mapping's reference. nullopt with `*wrong`
// where there is no such thing.
std::optional<v1::CompiledActingPath> CompileActingPath(const Configuration& configuration,
                                                        const v1::Sync& sync, const v1::Model& source,
                                                        const std::string& path, std::string* wrong);

void CheckActingIdentity(SyncCheck& check);

}  // namespace cognate::platform_registry
