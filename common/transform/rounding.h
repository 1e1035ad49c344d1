// Exact rounding of decimal numbers, which are texts all the way.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "cognate/v1/transform_types.pb.h"

namespace cognate::transform {

// `canonical` is what value::AppendCanonicalDecimal makes of a finite number. At most `scale` digits after
// the point; nullopt where ROUNDING_EXACT (or unspecified) would lose digits. Linear.
std::optional<std::string> Round(absl::string_view canonical, int scale, v1::Rounding rounding);

// With exactly `scale` digits after the point, where there are not more: `5.00`.
void PadFraction(int scale, std::string* decimal);

}  // namespace cognate::transform
