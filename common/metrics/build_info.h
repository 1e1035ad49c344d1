#pragma once

#include "absl/strings/string_view.h"

namespace cognate::metrics {

absl::string_view Version();   // Of Cognate: "0.1.0".
absl::string_view Compiler();  // What compiled it: "gcc 12.2.0".

}  // namespace cognate::metrics
