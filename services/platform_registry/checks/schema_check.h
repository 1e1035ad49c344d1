// Whether a database still is what its catalogue says.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/model.pb.h"
#include "services/platform_registry/checks/steps.h"

namespace cognate::platform_registry {

// `stored` against what was read just now. What a person has put there is left out: it is meant to differ.
// Pure.
Finding CompareSchema(absl::string_view platform, absl::Span<const v1::Model> stored,
                      absl::Span<const v1::Model> found);

}  // namespace cognate::platform_registry
