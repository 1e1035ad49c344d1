// The way back of steps that read one field and write one.
#pragma once

#include <string>

#include "cognate/v1/transform.pb.h"

namespace cognate::transform {

// The one field that a step reads and the one that it writes. False for steps that are not of this kind.
bool IsUnary(const v1::Transform& step, std::string* field, std::string* into);

// Writes into `*back` the step that takes the value of the field `name` back, in place. Empty, or why there
// is none. `step` is unary.
std::string InvertUnary(const v1::Transform& step, const std::string& name, v1::Transform* back);

}  // namespace cognate::transform
