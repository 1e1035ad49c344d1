// Connection strings, taken apart and put together as libpq does.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace cognate::postgres {

using ConninfoOptions = std::vector<std::pair<std::string, std::string>>;  // keyword, value

// The options that a URI or key=value string sets; nullopt if libpq cannot read it. Its own words are
// dropped: they may repeat a password.
std::optional<ConninfoOptions> ParseConninfo(absl::string_view text);

// The key='value' form.
std::string FormatConninfo(const ConninfoOptions& options);

}  // namespace cognate::postgres
