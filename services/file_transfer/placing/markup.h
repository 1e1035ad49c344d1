// Whether a browser would run anything in a drawing or another XML file. Parsed as browsers parse it, and
// compared with lists of what is known to be harmless: what is on none of them is refused.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::file_transfer {

// In plain words what is not taken: "a script element", "an attribute onload"; empty if all of it is
// harmless. `is_drawing`: an SVG, in which every element and attribute must be one of SVG's that draw. In
// other XML elements of namespaces that browsers act on are refused.
std::string FaultOfMarkup(absl::string_view markup, bool is_drawing);

}  // namespace cognate::file_transfer
