// Connection strings, taken apart and put together as libpq does.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::postgres {

using ConninfoOptions = std::vector<std::pair<std::string, std::string>>;  // keyword, value

// The options that a URI or key=value string sets; nullopt if libpq cannot read it. Its own words are
// dropped: they may repeat a password.
std::optional<ConninfoOptions> ParseConninfo(absl::string_view text);

// `uri` with this password, in the key='value' form. INVALID_ARGUMENT where libpq cannot read it, or where it
// has one already; neither is repeated.
absl::StatusOr<std::string> WithPassword(absl::string_view uri, absl::string_view password);

// The key='value' form.
std::string FormatConninfo(const ConninfoOptions& options);

}  // namespace cognate::postgres
