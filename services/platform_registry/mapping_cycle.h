// Values must not come back into another field of the model that they came from: they would go on from there
// for ever. Back into the same field they may: they come as the version that is there. A pure function.
#pragma once

#include <string>

#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// The way of a value through the mappings of all syncs that leads from a field to another field of the same
// model: `public.a.x on atlas → public.b.y on shop → public.a.z on atlas`. Empty if there is none.
std::string FindMappingCycle(const Configuration& configuration);

}  // namespace cognate::platform_registry
