// Values must not come back to the model that they came from, but for a plain two-way pair of fields. A pure
// function.
#pragma once

#include <string>

#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// The way of a value through the mappings of all syncs that leads from a field to another field of the same
// model, or back to itself over a mapping without its exact reverse: `public.a.x on atlas → public.b.y on
// shop → public.a.z on atlas`. Empty if there is none.
std::string FindMappingCycle(const Configuration& configuration);

}  // namespace cognate::platform_registry
