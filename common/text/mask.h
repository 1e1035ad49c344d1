// Texts that may be known, but not read.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::text {

// `4111••••1111`: each code point between the first `keep_first` and the last `keep_last` becomes `character`
// (empty: `*`). If the text is not longer than both together, all is masked.
std::string Mask(absl::string_view text, int keep_first, int keep_last, absl::string_view character);

}  // namespace cognate::text
