// How a value comes from one field into another: as it is, through one step of a chain, or not at all. Pure
// functions.
#pragma once

#include <optional>
#include <string>

#include "cognate/v1/model.pb.h"
#include "cognate/v1/transform.pb.h"

namespace cognate::platform_registry {

struct Passage {
  double ease = 0;                    // 1: every value fits as it is; 0: there is no way
  std::string reason;                 // in words
  std::string warning;                // which values will be refused
  std::optional<v1::Transform> step;  // in place; unset where the value goes as it is
};

// Judged by value::CanConvert; a step is looked for only where values cannot go as they are.
Passage FindPassage(const v1::ModelField& from, const v1::ModelField& to);

}  // namespace cognate::platform_registry
