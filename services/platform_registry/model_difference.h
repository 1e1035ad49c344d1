// What two descriptions of one model say differently. A pure function.
#pragma once

#include <string>
#include <vector>

#include "cognate/v1/model.pb.h"

namespace cognate::platform_registry {

// In words, for a person who has described the model as `ours`: fields that only one of them has, types,
// sizes, NOT NULL, defaults and the key. At most 50.
std::vector<std::string> DifferencesOf(const v1::Model& ours, const v1::Model& theirs);

}  // namespace cognate::platform_registry
