#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::gateway {

// The value of a name in "a=1&b=%7B%7D", decoded; empty without it. INVALID_ARGUMENT INVALID_FIELD for what
// cannot be decoded.
absl::StatusOr<std::string> QueryValue(absl::string_view query, absl::string_view name);

}  // namespace cognate::gateway
